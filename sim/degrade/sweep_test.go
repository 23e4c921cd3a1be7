package degrade

import (
	"bytes"
	"encoding/binary"
	"math"
	"testing"

	"github.com/fusiond/fusiond/sensors"
)

// TestRowsKeepTheirLayout: rows are lost or moved, never altered otherwise: fields that nobody knows, rows that are no points and points
// whose range did not change keep their bytes.
func TestRowsKeepTheirLayout(t *testing.T) {
	path := maker{sweeps: 1}.write(t)
	was, _, _ := degraded(t, path, "", Options{})
	before, _ := pointsOf(t, was[topTopic][0])
	tests := []struct {
		name, text string
		moves      bool
	}{
		{"lost points", "[{at: 0s, sensor: TOP, lost_points: 0.5}]", false},
		{"lost beams", "[{at: 0s, sensor: TOP, lost_beams: 0.5}]", false},
		{"fog", "[{at: 0s, fog: 0.06}]", true},
		{"rain", "[{at: 0s, rain: 40}]", true},
		{"turned", "[{at: 0s, sensor: TOP, rotate: [0, 0, 5]}]", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, _, report := degraded(t, path, tt.text, Options{Seed: 2})
			after, points := pointsOf(t, got[topTopic][0])
			if after.Step != before.Step || after.SweepStart != before.SweepStart || after.Stamp != before.Stamp {
				t.Fatalf("layout %d, %d, %d, want that of the recorded sweep", after.Step, after.SweepStart, after.Stamp)
			}
			moved, at, empty := 0, 0, 0
			for i := range after.Count {
				row := after.Data[i*after.Step : (i+1)*after.Step]
				// Each row is one of the recorded ones, in their order: the tag behind its known fields and ring and time say which.
				for ; at < before.Count && !bytes.Equal(row[13:], before.Data[at*before.Step+13:(at+1)*before.Step]); at++ {
				}
				if at == before.Count {
					t.Fatalf("row %d is none of the recorded ones", i)
				}
				old := before.Data[at*before.Step : (at+1)*before.Step]
				at++
				if !bytes.Equal(row[:12], old[:12]) {
					moved++
				}
				if bytes.Equal(row[:12], make([]byte, 12)) {
					empty++
				}
			}
			if empty != 1 || (moved > 0) != tt.moves {
				t.Errorf("%d rows without a point, %d moved, want 1 and moved %v", empty, moved, tt.moves)
			}
			var s StreamReport
			for _, one := range report.Streams {
				if one.Topic == topTopic {
					s = one
				}
			}
			if int(s.Points) != before.Count-1 || s.PointsKept+s.PointsMoved+s.PointsLost != s.Points || int(s.Points-s.PointsLost) != len(points) {
				t.Errorf("report %+v of %d points before and %d after", s, before.Count-1, len(points))
			}
		})
	}
}

// TestMisalignedLidar: points turn by the misalignment and by nothing else.
func TestMisalignedLidar(t *testing.T) {
	path := maker{sweeps: 1}.write(t)
	was, _, _ := degraded(t, path, "", Options{})
	got, _, _ := degraded(t, path, "[{at: 0s, sensor: TOP, rotate: [0, 0, 10], shift: [0, 0, 0.5]}]", Options{})
	_, before := pointsOf(t, was[topTopic][0])
	_, after := pointsOf(t, got[topTopic][0])
	if len(before) != len(after) {
		t.Fatalf("%d points, want %d", len(after), len(before))
	}
	sin, cos := math.Sincos(-10 * math.Pi / 180) // what a sensor turned to the left sees is to its right
	for i, p := range before {
		x, y := cos*float64(p.X)-sin*float64(p.Y), sin*float64(p.X)+cos*float64(p.Y)
		q := after[i]
		if math.Abs(float64(q.X)-x) > 1e-4 || math.Abs(float64(q.Y)-y) > 1e-4 || math.Abs(float64(q.Z-p.Z)+0.5) > 1e-5 || q.Intensity != p.Intensity {
			t.Fatalf("point %d: %+v, want %g, %g, %g", i, q, x, y, p.Z-0.5)
		}
	}
}

func TestBeamsWithoutRings(t *testing.T) {
	points := []sensors.Point{{X: 10, Z: -1}, {X: 10, Z: 0}, {X: 10, Z: 1}}
	b := beamsOf(points)
	if got := []uint16{b.of(&points[0]), b.of(&points[1]), b.of(&points[2])}; b.count != 64 || got[0] != 0 || got[1] != 32 || got[2] != 63 {
		t.Errorf("%d beams %v, want 64 and 0, 32, 63 by elevation", b.count, got)
	}
	points[2].Ring = 15
	if b := beamsOf(points); b.count != 16 || b.of(&points[2]) != 15 {
		t.Errorf("%+v, want the 16 rings that the points name", b)
	}
}

func TestPutNumber(t *testing.T) {
	tests := []struct {
		t    sensors.FieldType
		v    float64
		want uint64
	}{
		{sensors.Uint8, 254.6, 255},
		{sensors.Uint8, 300, 255},
		{sensors.Uint8, -3, 0},
		{sensors.Int8, -200, 0x80},
		{sensors.Int16, -2.4, 0xfffe},
		{sensors.Uint16, 70000, 0xffff},
		{sensors.Int32, -1, 0xffffffff},
		{sensors.Uint32, 5e9, 0xffffffff},
		{sensors.Float32, 1.5, uint64(math.Float32bits(1.5))},
		{sensors.Float64, -2, math.Float64bits(-2)},
		{0, 9, 0},
	}
	for _, tt := range tests {
		row := make([]byte, 16)
		putNumber(row, sensors.Field{Offset: 3, Type: tt.t}, tt.v)
		if got := binary.LittleEndian.Uint64(row[3:]); got != tt.want || row[0]|row[1]|row[2] != 0 {
			t.Errorf("type %d of %g: %x, want %x", tt.t, tt.v, got, tt.want)
		}
	}
}

func BenchmarkSweep(b *testing.B) {
	path := maker{sweeps: 1}.write(b)
	r := open(b, path)
	c, err := survey(r)
	if err != nil {
		b.Fatal(err)
	}
	s := scenario(b, "[{at: 0s, fog: 0.03, rain: 5}]")
	var data []byte
	for _, m := range recorded(b, path) {
		if m.Topic == topTopic {
			data = m.Data
		}
	}
	sample, err := sensors.ParsePointCloud(data, sensors.Meta{})
	if err != nil {
		b.Fatal(err)
	}
	w := newWorker(newTools(), 1)
	sensor := c.rig.Sensors[0]
	conditions := s.Timeline.Conditions("TOP", sensors.Lidar, 0)
	b.ReportAllocs()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		j := &job{conditions: conditions, sweep: &sweepJob{cloud: &cloud{sensor: &sensor, sample: sample}, beams: c.lidars["TOP"], apply: true}}
		j.Data = data
		if err := w.sweep(j); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(sample.Count)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mpoints/s")
}
