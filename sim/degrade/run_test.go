package degrade

import (
	"bytes"
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/replay"
	"github.com/fusiond/fusiond/sensors"
)

// everything orders something of every kind.
const everything = `
- {at: 0s, fog: 0.03, rain: 10, snow: 1, wet: 1, spray: 1, light: 0.5}
- {at: 0s, sensor: lidar, lost_beams: 0.3, lost_points: 0.1, rotate: [0, 0, 1], shift: [0.1, 0, 0], jitter: 20ms, duplicate: 0.3}
- {at: 0s, sensor: camera, lens_drops: 0.5, blur: 1, glare: 0.3, blocked: 0.1, rotate: [0, 1, 0], reorder: 0.3}
- {at: 0s, sensor: radar, interference: 6, blocked: 0.3, rotate: [0, 0, 2], bit_flip: 0.5, drop: 0.2}
- {at: 0.3s, sensor: ego, clock_offset: 37s}
`

// TestNothingOrdered: a time line without orders passes every message byte for byte, those of foreign types among them.
func TestNothingOrdered(t *testing.T) {
	path := maker{sweeps: 5, views: true}.write(t)
	for _, text := range []string{"", "[]", "about: nothing\ntimeline: []\nworld: {map: {kind: street}}\n"} {
		_, got, report := degraded(t, path, text, Options{})
		same(t, got, recorded(t, path))
		for _, s := range report.Streams {
			if s.Changed != 0 || s.Written != s.Recorded || s.Recorded == 0 {
				t.Errorf("scenario %q, topic %s: %+v, want nothing changed", text, s.Topic, s)
			}
		}
	}
}

func same(t *testing.T, got, want []replay.Message) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d messages, want %d", len(got), len(want))
	}
	for i := range got {
		g, w := got[i], want[i]
		if g.Topic != w.Topic || g.Stamp != w.Stamp || g.Received != w.Received || g.Seq != w.Seq || g.Schema != w.Schema || !bytes.Equal(g.Data, w.Data) {
			t.Fatalf("message %d: %s %d of %d bytes, want %s %d of %d bytes as recorded", i, g.Topic, g.Seq, len(g.Data), w.Topic, w.Seq, len(w.Data))
		}
	}
}

// TestUntouchedStreams: what no order touches passes byte for byte, also before and after an order.
func TestUntouchedStreams(t *testing.T) {
	path := maker{sweeps: 8}.write(t)
	was := map[string][]replay.Message{}
	for _, m := range recorded(t, path) {
		was[m.Topic] = append(was[m.Topic], m)
	}
	got, _, _ := degraded(t, path, "[{at: 200ms, until: 400ms, sensor: TOP, lost_points: 0.5}]", Options{})
	same(t, got[frontTopic], was[frontTopic])
	same(t, got[radarTopic], was[radarTopic])
	same(t, got[egoTopic], was[egoTopic])
	for i, m := range got[topTopic] {
		at := m.Stamp.Sub(madeStart)
		if touched, changed := at >= 200*time.Millisecond && at < 400*time.Millisecond, !bytes.Equal(m.Data, was[topTopic][i].Data); touched != changed {
			t.Errorf("sweep at %v: changed %v, want %v", at, changed, touched)
		}
	}
}

// TestSameBytes: the same seed gives the same bytes on any number of cores, another seed gives others.
func TestSameBytes(t *testing.T) {
	path := maker{sweeps: 8}.write(t)
	_, one, _ := degraded(t, path, everything, Options{Seed: 7, Workers: 1})
	_, many, _ := degraded(t, path, everything, Options{Seed: 7, Workers: 5})
	same(t, many, one)
	_, other, _ := degraded(t, path, everything, Options{Seed: 8, Workers: 2})
	differs := len(other) != len(one)
	for i := 0; !differs && i < len(one); i++ {
		differs = !bytes.Equal(one[i].Data, other[i].Data)
	}
	if !differs {
		t.Error("another seed gives the same bytes")
	}
	if !slices.IsSortedFunc(one, func(a, b replay.Message) int { return int(a.Received - b.Received) }) {
		t.Error("messages are not in the order of their arrival")
	}
}

// TestMessages: what happens to messages on their way.
func TestMessages(t *testing.T) {
	path := maker{sweeps: 10}.write(t)
	tests := []struct {
		name, text string
		check      func(t *testing.T, got map[string][]replay.Message)
	}{
		{"dead", "[{at: 300ms, sensor: FRONT, dead: true}]", func(t *testing.T, got map[string][]replay.Message) {
			if n := len(got[frontTopic]); n != 4 { // stamps of -20, 80, 180 and 280 ms
				t.Errorf("%d pictures, want the 4 before 300 ms", n)
			}
		}},
		{"delay", "[{at: 0s, sensor: lidar, delay: 250ms}]", func(t *testing.T, got map[string][]replay.Message) {
			for _, m := range got[topTopic] {
				if d := m.Received.Sub(m.Stamp); d != 253*time.Millisecond {
					t.Fatalf("a sweep arrives after %v, want 253 ms", d)
				}
			}
		}},
		{"clock", "[{at: 0s, sensor: ego, clock_offset: 37s}]", func(t *testing.T, got map[string][]replay.Message) {
			for _, m := range got[egoTopic] {
				stamp, err := sensors.PeekStamp(m.Data)
				if err != nil || stamp != m.Stamp || stamp.Sub(m.Received) != 37*time.Second-time.Millisecond {
					t.Fatalf("stamp %d in the message, %d outside (%v), want both 37 s ahead", stamp, m.Stamp, err)
				}
			}
		}},
		{"stuck", "[{at: 450ms, sensor: TOP, stuck: true}]", func(t *testing.T, got map[string][]replay.Message) {
			_, last := pointsOf(t, got[topTopic][4])
			for _, m := range got[topTopic][5:] {
				c, points := pointsOf(t, m)
				if c.Stamp != m.Stamp || !slices.EqualFunc(points, last, func(a, b sensors.Point) bool { return a.X == b.X && a.Y == b.Y }) {
					t.Fatalf("sweep at %d does not show the last one before", m.Stamp)
				}
			}
		}},
		{"bit flips", "[{at: 0s, sensor: RADAR, bit_flip: 1}]", func(t *testing.T, got map[string][]replay.Message) {
			for i, m := range got[radarTopic] {
				want, _ := proto.Marshal(madeScan(madeStart + sensors.StampNs(i)*100e6))
				bits := 0
				for k := range want {
					for b := want[k] ^ m.Data[k]; b != 0; b &= b - 1 {
						bits++
					}
				}
				if bits < 1 || bits > 4 {
					t.Errorf("scan %d has %d wrong bits, want 1 to 4", i, bits)
				}
			}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, _, _ := degraded(t, path, tt.text, Options{Seed: 1})
			tt.check(t, got)
		})
	}
}

// TestLeftOut: what was made from the clean drive does not lie beside the degraded one.
func TestLeftOut(t *testing.T) {
	path := maker{sweeps: 3, views: true}.write(t)
	got, _, report := degraded(t, path, "[{at: 0s, fog: 0.01}]", Options{})
	for _, topic := range []string{"/lidar/TOP", "av.made.objects"} {
		if len(got[topic]) != 0 || report.LeftOut[topic] != 3 {
			t.Errorf("%s: %d messages, %d left out, want 0 and 3", topic, len(got[topic]), report.LeftOut[topic])
		}
	}
}

// TestRefusals come before the first message.
func TestRefusals(t *testing.T) {
	tests := []struct {
		name, text string
		maker      maker
		words      []string
	}{
		{
			"fog on a camera without a lidar", "- {at: 0s, sensor: FRONT, blur: 1}\n- {at: 1s, visibility: 50}\n",
			maker{without: map[string]bool{"TOP": true}},
			[]string{"test.yaml", "line 2", "fog", "no lidar", "leave the order out"},
		},
		{"spray without ground truth", "- {at: 0s, spray: 0.5}\n", maker{without: map[string]bool{"truth": true}}, []string{"line 1", "spray", "ground truth"}},
		{"a sensor that the rig has not", "- {at: 0s, sensor: REAR, dead: true}\n", maker{}, []string{"line 1", "REAR"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.maker.sweeps = 2
			_, err := Run(context.Background(), open(t, tt.maker.write(t)), scenario(t, tt.text), Options{}, func(replay.Message) error {
				t.Fatal("a message was written")
				return nil
			})
			holds(t, err, tt.words...)
		})
	}
	t.Run("without an effect that needs depth", func(t *testing.T) {
		path := maker{sweeps: 2, without: map[string]bool{"TOP": true}}.write(t)
		degraded(t, path, "[{at: 0s, fog: 0, light: 1}, {at: 0s, sensor: camera, glare: 0.5}]", Options{})
	})
}

func holds(t *testing.T, err error, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("error %q does not hold %q", err, w)
		}
	}
}

// TestHeldBack: orders that hold back more than memory allows end the run.
func TestHeldBack(t *testing.T) {
	o := &order{emit: func(replay.Message) error { return nil }, limit: 1000}
	s := &stream{}
	var err error
	for i := 0; err == nil && i < 100; i++ {
		j := &job{Message: replay.Message{Received: sensors.StampNs(i)}, stream: s, payload: make([]byte, 100)}
		err = o.put(j)
		if i > 11 {
			t.Fatal("more than 1000 bytes are held")
		}
	}
	holds(t, err, "hold back", "shorten")
}

func TestEmitFails(t *testing.T) {
	full := errors.New("no room")
	n := 0
	_, err := Run(context.Background(), open(t, maker{sweeps: 5}.write(t)), scenario(t, "[{at: 0s, fog: 0.02}]"), Options{}, func(replay.Message) error {
		if n++; n > 3 {
			return full
		}
		return nil
	})
	if !errors.Is(err, full) {
		t.Errorf("error %v, want %v", err, full)
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	_, err := Run(ctx, open(t, maker{sweeps: 8}.write(t)), scenario(t, "[{at: 0s, fog: 0.02}]"), Options{Progress: func(sensors.StampNs) { cancel() }},
		func(replay.Message) error { return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
}

// TestBrokenMessages stay as they are and are counted.
func TestBrokenMessages(t *testing.T) {
	rig := madeRig()
	path := t.TempDir() + "/broken.mcap"
	w, err := replay.Create(path, replay.WriterOptions{Rig: rig})
	if err != nil {
		t.Fatal(err)
	}
	frame := madeFrame(t, madeStart, 0)
	frame.Data = frame.Data[:40]
	halfFrame, _ := proto.Marshal(frame)
	cloud := madeCloud(madeStart, false)
	cloud.Data = cloud.Data[:33]
	halfCloud, _ := proto.Marshal(cloud)
	in := []replay.Message{
		{Topic: topTopic, Schema: "fusion.v1.PointCloud", Stamp: madeStart, Received: madeStart, Data: halfCloud},
		{Topic: frontTopic, Schema: "fusion.v1.CameraFrame", Stamp: madeStart, Received: madeStart, Data: halfFrame},
		{Topic: radarTopic, Schema: "fusion.v1.RadarScan", Stamp: madeStart, Received: madeStart, Data: []byte{0xff, 1, 2}},
		{Topic: truthTopic, Schema: "fusion.v1.TruthFrame", Stamp: madeStart, Received: madeStart, Data: []byte{0xff}},
		{Topic: egoTopic, Schema: "fusion.v1.EgoMotion", Stamp: madeStart, Received: madeStart, Data: []byte{0xff}},
	}
	for _, m := range in {
		if err := w.Write(m); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	_, got, report := degraded(t, path, "[{at: 0s, fog: 0.03, rain: 5}]", Options{})
	same(t, got, in)
	if report.Unreadable() != 3 {
		t.Errorf("%d unreadable messages, want 3: %+v", report.Unreadable(), report.Streams)
	}
}

// TestTruth: boxes get the points that the clean and the degraded sensor have of them.
func TestTruth(t *testing.T) {
	for _, skewed := range []bool{false, true} {
		path := maker{sweeps: 4, skewed: skewed}.write(t)
		tests := []struct {
			name, text string
			sensed     func(n uint32) bool
		}{
			{"camera only", "[{at: 0s, sensor: FRONT, blur: 1}]", func(n uint32) bool { return n == 40 }},
			{"half of the points", "[{at: 0s, sensor: TOP, lost_points: 0.5}]", func(n uint32) bool { return n > 8 && n < 32 }},
			{"dead", "[{at: 0s, sensor: TOP, dead: true}]", func(n uint32) bool { return n == 0 }},
			{"a turned lidar sees what it saw", "[{at: 0s, sensor: TOP, rotate: [0, 0, 20]}]", func(n uint32) bool { return n == 40 }},
		}
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				got, _, _ := degraded(t, path, tt.text, Options{Seed: 3})
				if len(got[truthTopic]) != 4 {
					t.Fatalf("%d frames, want 4", len(got[truthTopic]))
				}
				for i, m := range got[truthTopic] {
					if i == 0 && skewed {
						continue // what moved the first sweep's points was not recorded
					}
					f := &fusionv1.TruthFrame{}
					if err := proto.Unmarshal(m.Data, f); err != nil {
						t.Fatal(err)
					}
					car, far := f.Objects[0], f.Objects[1]
					if len(car.Views) != 1 || car.Views[0].Sensor != "TOP" || car.Views[0].CleanPoints != 40 || !tt.sensed(car.Views[0].Points) ||
						car.LidarPoints != car.Views[0].Points {
						t.Errorf("frame %d, car: %d points, views %v", i, car.LidarPoints, car.Views)
					}
					if far.LidarPoints != 0 || len(far.Views) != 1 || far.Views[0].CleanPoints != 0 {
						t.Errorf("frame %d, what no sweep shows: %d points, views %v, want 0", i, far.LidarPoints, far.Views)
					}
				}
			})
		}
	}
}

// TestFog: the farther, the less: in the lidar, in the camera and hardly in the radar, by one extinction.
func TestFog(t *testing.T) {
	path := maker{sweeps: 2}.write(t)
	clean, _, _ := degraded(t, path, "", Options{})
	points, contrast := math.Inf(1), math.Inf(1)
	for _, text := range []string{"", "[{at: 0s, visibility: 300}]", "[{at: 0s, visibility: 80}]", "[{at: 0s, visibility: 30}]"} {
		got, _, _ := degraded(t, path, text, Options{Seed: 1})
		_, ps := pointsOf(t, got[topTopic][1])
		far := 0.0
		for _, p := range ps {
			if p.X > 40 {
				far += float64(p.Intensity)
			}
		}
		c := contrastOf(t, got[frontTopic][1])
		if text != "" && (far > 0.9*points || c > 0.97*contrast) {
			t.Errorf("%s: light of far points %.1f after %.1f, contrast %.3f after %.3f, want less with more fog", text, far, points, c, contrast)
		}
		points, contrast = far, c
	}
	if points > 0 {
		t.Errorf("at 30 m visibility the wall at 50 m still returns %.2f", points)
	}
	if n := len(clean[topTopic]); n != 2 {
		t.Errorf("%d sweeps, want 2", n)
	}
}

// contrastOf is the standard deviation of a band of the picture that shows the wall.
func contrastOf(t *testing.T, m replay.Message) float64 {
	t.Helper()
	f, err := sensors.ParseCameraFrame(m.Data, sensors.Meta{})
	if err != nil {
		t.Fatal(err)
	}
	p := &picture{}
	if err := p.read(f); err != nil {
		t.Fatal(err)
	}
	sum, square, n := 0.0, 0.0, 0.0
	for y := madeHeight / 3; y < madeHeight/2; y++ {
		for x := range madeWidth {
			v := float64(p.codes[3*(y*madeWidth+x)+1])
			sum, square, n = sum+v, square+v*v, n+1
		}
	}
	return math.Sqrt(square/n - sum*sum/n/n)
}
