package condition_test

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sensors/condition"
)

// history is what the monitor of one stream said of a recording.
type history struct {
	name       sensors.SensorID
	modality   sensors.Modality
	update     func(sensors.Sample) condition.Condition
	samples    int
	named      map[condition.Reason]int
	worst, sum float64
	// spells of one reason: from, to in seconds of the recording.
	spells []spell
}

type spell struct {
	reason   condition.Reason
	from, to float64
	least    float64
	what     string
}

// TestRecordings runs the monitors over the recordings named by FUSIOND_CONDITION (files, separated by commas) and prints what they
// say, a line for each spell of a reason. Files named by FUSIOND_CONDITION_CLEAR must in addition stay quiet in 99 % of each modality's
// samples. Without either it is skipped.
func TestRecordings(t *testing.T) {
	files := strings.FieldsFunc(os.Getenv("FUSIOND_CONDITION"), func(r rune) bool { return r == ',' })
	quiet := strings.FieldsFunc(os.Getenv("FUSIOND_CONDITION_CLEAR"), func(r rune) bool { return r == ',' })
	if len(files)+len(quiet) == 0 {
		t.Skip("name recordings in FUSIOND_CONDITION or FUSIOND_CONDITION_CLEAR to judge them")
	}
	for i, path := range slices.Concat(files, quiet) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			alarms := judge(t, path)
			for m, share := range alarms {
				t.Logf("%s: named in %.2f %% of the samples", m, 100*share)
				if i >= len(files) && share > 0.01 {
					t.Errorf("%s: got %.2f %% false alarms, want at most 1 %%", m, 100*share)
				}
			}
		})
	}
}

// judge returns the share of samples of each modality for which something was named.
func judge(t *testing.T, path string) map[sensors.Modality]float64 {
	rec := openRecording(t, path)
	streams := map[sensors.SensorID]*history{}
	for i := range rec.rig.Sensors {
		streams[rec.rig.Sensors[i].Name] = monitor(t, &rec.rig.Sensors[i])
	}
	first := sensors.StampNs(0)
	rec.each(t, func(s sensors.Sample) {
		h := streams[s.Head().Sensor]
		if h == nil {
			t.Fatalf("%s is not in the rig", s.Head().Sensor)
		}
		if first == 0 {
			first = s.Head().Stamp
		}
		h.add(h.update(s), s.Head().Stamp.Sub(first).Seconds())
	})
	all, named := map[sensors.Modality]float64{}, map[sensors.Modality]float64{}
	order := make([]*history, 0, len(streams))
	for _, h := range streams {
		order = append(order, h)
	}
	slices.SortFunc(order, func(a, b *history) int { return cmp.Compare(a.name, b.name) })
	for _, h := range order {
		all[h.modality] += float64(h.samples)
		total := 0
		for _, n := range h.named {
			total += n
		}
		named[h.modality] += float64(total)
		t.Logf("%-18s %4d samples, %4d named, reliability mean %.3f worst %.3f", h.name, h.samples, total, h.sum/float64(max(1, h.samples)), h.worst)
		for _, s := range h.spells {
			t.Logf("    %-13s %6.2f to %6.2f s, down to %.2f: %s", s.reason, s.from, s.to, s.least, s.what)
		}
	}
	for m, n := range all {
		if n > 0 {
			named[m] /= n
		}
	}
	return named
}

func monitor(t *testing.T, s *sensors.Sensor) *history {
	h := &history{name: s.Name, modality: s.Modality, named: map[condition.Reason]int{}, worst: 1}
	switch s.Modality {
	case sensors.Camera:
		m, err := condition.NewCamera(pictureW, pictureH, fill)
		if err != nil {
			t.Fatal(err)
		}
		h.update = func(s sensors.Sample) condition.Condition {
			c, err := m.Update(picture(t, s.(*sensors.CameraFrame)), s.Head().Stamp)
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
	case sensors.Lidar:
		m := condition.NewLidar(s.EgoFromSensor)
		var points []sensors.Point
		h.update = func(s sensors.Sample) condition.Condition {
			points, _ = s.(*sensors.PointCloud).AppendPoints(points[:0])
			return m.Update(points, s.Head().Stamp)
		}
	default:
		m := condition.NewRadar()
		h.update = func(s sensors.Sample) condition.Condition {
			return m.Update(s.(*sensors.RadarScan).Detections, s.Head().Stamp)
		}
	}
	return h
}

func (h *history) add(c condition.Condition, at float64) {
	h.samples++
	h.sum += c.Reliability
	h.worst = min(h.worst, c.Reliability)
	if os.Getenv("FUSIOND_CONDITION_ALL") != "" {
		fmt.Printf("%s %.2f %.2f %s\n", h.name, at, c.Reliability, c)
	}
	if c.Good() {
		if n := len(h.spells); n > 0 && h.spells[n-1].to < 0 {
			h.spells[n-1].to = at
		}
		return
	}
	h.named[c.Reason]++
	n := len(h.spells)
	if n == 0 || h.spells[n-1].to >= 0 || h.spells[n-1].reason != c.Reason {
		if n > 0 && h.spells[n-1].to < 0 {
			h.spells[n-1].to = at
		}
		h.spells = append(h.spells, spell{reason: c.Reason, from: at, to: -1, least: c.Reliability, what: c.String()})
		n++
	}
	if s := &h.spells[n-1]; c.Reliability < s.least {
		s.least, s.what = c.Reliability, c.String()
	}
}
