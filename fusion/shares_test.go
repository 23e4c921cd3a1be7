package fusion

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/fusiond/fusiond/encoders"
	"github.com/fusiond/fusiond/sensors"
)

// attention is the same in each cell; the cameras' slots change at column 32 from 0 to 1.
func attention(lidar, radar, camera float32) *Evidence {
	n := grid.Tokens
	e := &Evidence{
		Attention: make([]float32, 3*n*n), Slot: make([]int8, n*n),
		Lidar: "TOP", Radars: []sensors.SensorID{"R1", "R2"}, Cameras: []sensors.SensorID{"A", "B"},
	}
	for i := range n * n {
		e.Attention[i], e.Attention[n*n+i], e.Attention[2*n*n+i] = lidar, radar, camera
		if i%n >= 32 {
			e.Slot[i] = 1
		}
	}
	return e
}

func TestAppendShares(t *testing.T) {
	middle := Detection{Row: 64, Col: 64}
	tests := []struct {
		name   string
		e      *Evidence
		change func(e *Evidence)
		d      Detection
		want   []Share
	}{
		// Of the nine cells' weight 5, the column left of the middle (1.5) belongs to A.
		{"lidar and two cameras", attention(0.6, 0, 0.4), nil, middle, []Share{
			{"TOP", sensors.Lidar, 0.6}, {"A", sensors.Camera, 0.4 * 1.5 / 5}, {"B", sensors.Camera, 0.4 * 3.5 / 5},
		}},
		{"radars share equally", attention(0.2, 0.8, 0), nil, middle, []Share{
			{"TOP", sensors.Lidar, 0.2}, {"R1", sensors.Radar, 0.4}, {"R2", sensors.Radar, 0.4},
		}},
		{"a corner has four cells", attention(0.5, 0, 0.5), nil, Detection{}, []Share{{"TOP", sensors.Lidar, 0.5}, {"A", sensors.Camera, 0.5}}},
		{"the last corner too", attention(0.5, 0, 0.5), nil, Detection{Row: 127, Col: 127}, []Share{{"TOP", sensors.Lidar, 0.5}, {"B", sensors.Camera, 0.5}}},
		{"attention that does not add up to 1", attention(0.3, 0, 0.1), nil, Detection{}, []Share{{"TOP", sensors.Lidar, 0.75}, {"A", sensors.Camera, 0.25}}},
		{"an absent lidar has none", attention(0.6, 0, 0.4), func(e *Evidence) { e.Lidar = "" }, Detection{}, []Share{{"A", sensors.Camera, 1}}},
		{"absent radars have none", attention(0.5, 0.5, 0), func(e *Evidence) { e.Radars = nil }, middle, []Share{{"TOP", sensors.Lidar, 1}}},
		{"cells that no camera sees", attention(0.6, 0, 0.4), func(e *Evidence) {
			for i := range e.Slot {
				e.Slot[i] = -1
			}
		}, middle, []Share{{"TOP", sensors.Lidar, 1}}},
		// Camera A sees nothing: the weight of 3.5 that is B's counts against the lidar's 5.
		{"cells of which some are seen", attention(0.5, 0, 0.5), func(e *Evidence) {
			for i, s := range e.Slot {
				if s == 0 {
					e.Slot[i] = -1
				}
			}
		}, middle, []Share{{"TOP", sensors.Lidar, 5 / 8.5}, {"B", sensors.Camera, 3.5 / 8.5}}},
		{"no attention", attention(0, 0, 0), nil, middle, nil},
		{"attention that is not a number", attention(float32(math.NaN()), 0, 1), nil, middle, nil},
	}
	for _, tt := range tests {
		if tt.change != nil {
			tt.change(tt.e)
		}
		got := AppendShares([]Share{{"before", 0, 0}}, tt.e, grid, &tt.d)[1:]
		same := len(got) == len(tt.want)
		for i := 0; same && i < len(got); i++ { // attention is float32: 1e-6
			g, w := got[i], tt.want[i]
			same = g.Sensor == w.Sensor && g.Modality == w.Modality && math.Abs(g.Share-w.Share) < 1e-6
		}
		if !same {
			t.Errorf("%s: got %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

// TestSharesAddUp over random attention, slots and places: shares are positive, add up to 1, and name each sensor once.
func TestSharesAddUp(t *testing.T) {
	g := encoders.Grid{RangeM: 4, Tokens: 4, Heads: 8}
	rapid.Check(t, func(t *rapid.T) {
		e := &Evidence{
			Attention: rapid.SliceOfN(rapid.Float32Range(0, 1), 48, 48).Draw(t, "attention"),
			Slot:      rapid.SliceOfN(rapid.Int8Range(-1, 2), 16, 16).Draw(t, "slot"),
			Cameras:   []sensors.SensorID{"A", "B", "C"},
			Lidar:     rapid.SampledFrom([]sensors.SensorID{"", "TOP"}).Draw(t, "lidar"),
			Radars:    rapid.SampledFrom([][]sensors.SensorID{nil, {"R1"}, {"R1", "R2", "R3"}}).Draw(t, "radars"),
		}
		d := Detection{Row: rapid.IntRange(0, 7).Draw(t, "row"), Col: rapid.IntRange(0, 7).Draw(t, "col")}
		shares := AppendShares(nil, e, g, &d)
		sum, seen := 0.0, map[sensors.SensorID]bool{"": true}
		for _, s := range shares {
			if !(s.Share > 0) || seen[s.Sensor] {
				t.Fatalf("share %+v is not positive, or its sensor has no name or two shares", s)
			}
			seen[s.Sensor] = true
			sum += s.Share
		}
		if len(shares) > 0 && math.Abs(sum-1) > 1e-9 {
			t.Fatalf("shares %+v add up to %g", shares, sum)
		}
	})
}
