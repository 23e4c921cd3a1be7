package timesync

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fusiond/fusiond/sensors"
)

// The files in testdata/timelines are the rules of alignment, one picture each. The test parses the picture, plays it, draws
// what came out, and compares the two drawings. In a picture one column is 10 ms and `|` is time zero:
//
//	max_wait 60ms                        a setting (also: strikes, readmit, window, drift_ppm, pause)
//	lid period=100ms ref |a----b         a stream's stamps: each letter or digit is a sample
//	lid arrives          |-a----b        when they arrive; without this row each arrives at its stamp
//	shift cam c 37s                      the sensor's clock, from sample c on: stamps are off by that much
//	want
//	time |a                              the sets' times
//	emit |--a                            when they closed
//	a ref=lid complete lid=a cam=b*      a set: what gave its time, why it closed, its members (* = reused) or reasons of absence
//	drop cam c late                      samples that were not used, and why
//	cam clock tai-utc +37s               what the guards say at the end, if a stream is bad
//
// Streams are in the order of their rows. `ref` rows are references, in order. The streams end at the last column.

var update = flag.Bool("update", false, "write what came out into the timelines")

const (
	column   = 10 * time.Millisecond
	timeZero = sensors.StampNs(1_700_000_000e9)
)

type timeline struct {
	config  Config
	names   []string
	headers []Header
	letters []map[uint64]byte // per stream: sequence number -> letter
	end     sensors.StampNs
	want    string
}

func TestTimelines(t *testing.T) {
	files, err := filepath.Glob("testdata/timelines/*.txt")
	if err != nil || len(files) < 84 {
		t.Fatalf("got %d timelines (%v), want at least 84", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			tl := parseTimeline(t, string(b))
			got := tl.play(t, 0)
			if every := tl.play(t, time.Millisecond); every != got {
				t.Errorf("ticks every millisecond change the outcome (-only at deadlines +every ms):\n%s", cmp.Diff(got, every))
			}
			if *update {
				picture, _, _ := strings.Cut(string(b), "\nwant\n")
				if err := os.WriteFile(file, []byte(strings.TrimRight(picture, "\n")+"\nwant\n"+got), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != tl.want {
				t.Errorf("%s\ngot\n%s\ndifference (-want +got):\n%s", b, got, cmp.Diff(tl.want, got))
			}
		})
	}
}

func parseTimeline(t *testing.T, text string) *timeline {
	t.Helper()
	picture, want, ok := strings.Cut(text, "\nwant\n")
	if !ok {
		t.Fatal("no line `want`")
	}
	tl := &timeline{want: want}
	stamps, arrivals := map[string]string{}, map[string]string{}
	var shifts [][]string
	width := 0
	for _, line := range strings.Split(picture, "\n") {
		head, cells, drawn := strings.Cut(line, "|")
		words := strings.Fields(head)
		if len(words) == 0 || words[0] == "#" {
			continue
		}
		width = max(width, len(cells))
		switch {
		case drawn && len(words) > 1 && words[1] == "arrives":
			arrivals[words[0]] = cells
		case drawn:
			stamps[words[0]] = cells
			tl.names = append(tl.names, words[0])
			tl.addStream(t, words)
		case words[0] == "shift":
			shifts = append(shifts, words[1:])
		default:
			tl.set(t, words[0], words[1])
		}
	}
	tl.end = timeZero.Add(time.Duration(width) * column)
	for i, name := range tl.names {
		row, late := stamps[name], arrivals[name]
		if late == "" {
			late = row
		}
		tl.letters = append(tl.letters, map[uint64]byte{})
		for at := range len(late) {
			if late[at] == '-' || late[at] == ' ' {
				continue
			}
			seq := uint64(len(tl.letters[i]) + 1)
			tl.letters[i][seq] = late[at]
			stamp := timeZero.Add(time.Duration(strings.IndexByte(row, late[at])) * column)
			for _, s := range shifts {
				if s[0] == name && strings.IndexByte(row, late[at]) >= strings.Index(row, s[1]) {
					stamp = stamp.Add(duration(t, s[2]))
				}
			}
			tl.headers = append(tl.headers, Header{
				Stream: i, Seq: seq, Stamp: stamp, Received: timeZero.Add(time.Duration(at) * column),
			})
		}
	}
	sort.SliceStable(tl.headers, func(i, j int) bool { return tl.headers[i].Received < tl.headers[j].Received })
	return tl
}

func (tl *timeline) addStream(t *testing.T, words []string) {
	t.Helper()
	s := StreamConfig{Sensor: sensors.SensorID(words[0])}
	for _, word := range words[1:] {
		key, value, _ := strings.Cut(word, "=")
		switch key {
		case "ref":
			tl.config.References = append(tl.config.References, s.Sensor)
		case "disabled":
			s.Disabled = true
		case "period":
			s.Period = duration(t, value)
		case "phase":
			s.Phase = duration(t, value)
		case "jitter":
			s.Jitter = duration(t, value)
		case "tolerance":
			s.Tolerance = duration(t, value)
		case "max_age":
			s.MaxAge = duration(t, value)
		case "correct":
			s.CorrectOffset = duration(t, value)
		default:
			t.Fatalf("stream %s: unknown key %q", words[0], key)
		}
	}
	tl.config.Streams = append(tl.config.Streams, s)
}

func (tl *timeline) set(t *testing.T, key, value string) {
	t.Helper()
	c := &tl.config.Clock
	switch key {
	case "max_wait":
		tl.config.MaxWait = duration(t, value)
	case "window":
		c.Window = duration(t, value)
	case "pause":
		c.Pause = duration(t, value)
	case "strikes":
		c.Strikes = number(t, value)
	case "readmit":
		c.Readmit = number(t, value)
	default:
		t.Fatalf("unknown setting %q", key)
	}
}

func duration(t *testing.T, s string) time.Duration {
	t.Helper()
	d, err := time.ParseDuration(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func number(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// play runs the timeline and draws what came out. Ticks come only where the aligner asks for them, or also every so often.
func (tl *timeline) play(t *testing.T, every time.Duration) string {
	t.Helper()
	a, err := New(tl.config)
	if err != nil {
		t.Fatal(err)
	}
	r := newRecorder(t, a)
	tick := timeZero
	tickUntil := func(to sensors.StampNs) {
		for ; every > 0 && tick < to; tick = tick.Add(every) {
			a.Tick(tick, r)
		}
	}
	for _, h := range tl.headers {
		tickUntil(h.Received)
		r.add(h)
	}
	tickUntil(tl.end)
	var states strings.Builder
	a.Tick(tl.end, r)
	for i, name := range tl.names {
		if s := a.State(i); s.Condition == ClockBad {
			fmt.Fprintf(&states, "%s clock %v %+v\n", name, s.Clock.Fault, s.Clock.Size)
		}
	}
	a.Flush(tl.end, r)
	r.check()
	return tl.draw(r) + states.String()
}

func (tl *timeline) draw(r *recorder) string {
	var b strings.Builder
	rows := func(name string, at func(*Set) sensors.StampNs) {
		lines := [][]byte{nil}
		for i, s := range r.sets {
			col := int(at(s).Sub(timeZero) / column)
			if col < 0 || col > 200 {
				fmt.Fprintf(&b, "%s %c %+v\n", name, setLetter(i), at(s).Sub(timeZero).Round(time.Second))
				continue
			}
			line := 0
			for ; line < len(lines) && len(lines[line]) > col; line++ { //nolint:revive // counting lines that are taken
			}
			if line == len(lines) {
				lines = append(lines, nil)
			}
			for len(lines[line]) < col {
				lines[line] = append(lines[line], '-')
			}
			lines[line] = append(lines[line], setLetter(i))
		}
		for _, line := range lines {
			fmt.Fprintf(&b, "%s |%s\n", name, line)
		}
	}
	rows("time", func(s *Set) sensors.StampNs { return s.Stamp })
	rows("emit", func(s *Set) sensors.StampNs { return s.Closed })
	for i, s := range r.sets {
		from := "virtual"
		if s.Reference >= 0 {
			from = "ref=" + tl.names[s.Reference]
		}
		fmt.Fprintf(&b, "%c %s %v", setLetter(i), from, s.Close)
		if s.TimeBase > 1 {
			fmt.Fprintf(&b, " base=%d", s.TimeBase)
		}
		for j, m := range s.Members {
			if !m.Present {
				fmt.Fprintf(&b, " %s:%v", tl.names[j], m.Absence)
				continue
			}
			fmt.Fprintf(&b, " %s=%c", tl.names[j], tl.letters[j][m.Seq])
			if m.Reused {
				b.WriteByte('*')
			}
		}
		b.WriteByte('\n')
	}
	for i, name := range tl.names {
		for _, l := range r.left {
			if l.stream == i && l.fate != Used {
				fmt.Fprintf(&b, "drop %s %c %v\n", name, tl.letters[i][l.seq], l.fate)
			}
		}
	}
	return b.String()
}

func setLetter(i int) byte {
	return "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"[i%62]
}
