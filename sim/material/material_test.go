package material

import (
	"math"
	"testing"
)

func TestTableIsComplete(t *testing.T) {
	names := map[string]ID{}
	unit := func(t *testing.T, what string, x float32) {
		t.Helper()
		if !(x >= 0 && x <= 1) {
			t.Errorf("%s is %v, want 0..1", what, x)
		}
	}
	for id := range Count {
		m := Get(id)
		t.Run(m.Name, func(t *testing.T) {
			if m.Name == "" {
				t.Fatalf("material %d has no name: it lacks a row in the table", id)
			}
			if other, ok := names[m.Name]; ok {
				t.Errorf("materials %d and %d share the name", id, other)
			}
			names[m.Name] = id
			for i := range 3 {
				unit(t, "albedo", m.Albedo[i])
				unit(t, "second", m.Second[i])
			}
			unit(t, "gloss", m.Gloss)
			unit(t, "lidar", m.Lidar)
			unit(t, "clear", m.Clear)
			if m.Lidar == 0 {
				t.Errorf("lidar reflectance is 0: no surface is that dark")
			}
			if m.Retro < 0 || m.Retro > 200 || m.RadarLossDB < 0 || m.RadarLossDB > 30 {
				t.Errorf("retro %v or radar loss %v dB is out of range", m.Retro, m.RadarLossDB)
			}
			if (m.Pattern == Plain) != (m.Second == [3]float32{}) {
				t.Errorf("pattern %d with second colour %v: one needs the other", m.Pattern, m.Second)
			}
			// Dielectrics reflect at least 2 % and light cannot be returned twice over.
			for i := range 3 {
				if sum := m.Albedo[i] + m.Gloss; sum > 1.1 {
					t.Errorf("albedo and gloss add to %v in channel %d", sum, i)
				}
			}
		})
	}
}

// The relations that a lidar depends on, in words of the literature.
func TestReflectances(t *testing.T) {
	tests := []struct {
		name     string
		ids      []ID
		low, top float32
	}{
		{"asphalt", []ID{AsphaltNew, AsphaltWorn, AsphaltPatch}, 0.05, 0.20},
		{"leaves, near infrared plateau", []ID{Leaves, LeavesLight, Grass}, 0.40, 0.50},
		{"black paint", []ID{CarBlack}, 0.03, 0.08},
		{"white paint and render", []ID{CarWhite, RenderWhite, BarrierWhite}, 0.55, 0.85},
		{"tyres", []ID{Tyre}, 0.03, 0.08},
		{"dark cloth", []ID{ClothBlack, ClothNavy, ClothJeans}, 0.2, 0.5},
		{"concrete", []ID{Concrete, ConcreteRoad, BarrierConcrete}, 0.3, 0.45},
	}
	for _, tt := range tests {
		for _, id := range tt.ids {
			if got := Get(id).Lidar; got < tt.low || got > tt.top {
				t.Errorf("%s: %s returns %v, want %v to %v", tt.name, Get(id).Name, got, tt.low, tt.top)
			}
		}
	}
	for _, id := range []ID{PlateWhite, PlateYellow, SignWhite, SignRed, ConeBand, TailLamp, BarrierStripe, TapeRedWhite} {
		if got := Get(id).Retro; got < 10 {
			t.Errorf("%s: got retro %v, want 10 or more", Get(id).Name, got)
		}
	}
}

// points scatters places over a surface, without chance.
func points(n int) [][3]float32 {
	var all [][3]float32
	for i := range n {
		f := float64(i)
		all = append(all, [3]float32{float32(40 * math.Sin(f*1.7)), float32(40 * math.Sin(f*2.3+1)), float32(8 + 8*math.Sin(f*0.9+2))})
	}
	return all
}

func TestColorStaysBetweenItsTwo(t *testing.T) {
	normals := [][3]float32{{0, 0, 1}, {1, 0, 0}, {0, -1, 0}, {0.6, 0.64, 0.48}, {}}
	for id := range Count {
		m := Get(id)
		low, high := float32(1), float32(0)
		for _, q := range points(400) {
			for _, n := range normals {
				c := Color(id, q, n, 0)
				for i := range c {
					if a, b := min(m.Albedo[i], m.Second[i]), max(m.Albedo[i], m.Second[i]); m.Pattern != Plain && !(c[i] >= a-1e-5 && c[i] <= b+1e-5) {
						t.Fatalf("%s at %v: channel %d is %v, want %v to %v", m.Name, q, i, c[i], a, b)
					}
				}
				low, high = min(low, c[0]), max(high, c[0])
			}
		}
		if m.Pattern == Plain && Color(id, [3]float32{}, normals[0], 0) != m.Albedo {
			t.Errorf("%s: a plain colour must be the albedo", m.Name)
		}
		if spread := max(m.Albedo[0], m.Second[0]) - min(m.Albedo[0], m.Second[0]); m.Pattern != Plain && spread > 0 && high-low < 0.3*spread {
			t.Errorf("%s: the pattern uses %v of a spread of %v: it hardly shows", m.Name, high-low, spread)
		}
	}
}

func TestDetailsFadeWithWidth(t *testing.T) {
	for p := Speckle; p <= Flow; p++ {
		spread := func(width float32) float64 {
			sum, sq, n := 0.0, 0.0, 0.0
			for _, q := range points(500) {
				s := float64(p.share(q, [3]float32{1, 0, 0}, width))
				sum, sq, n = sum+s, sq+s*s, n+1
			}
			return math.Sqrt(math.Max(0, sq/n-(sum/n)*(sum/n)))
		}
		near, far := spread(0.001), spread(10)
		if near < 0.05 {
			t.Errorf("pattern %d: spread of a point %.3f, want above 0.05", p, near)
		}
		if far > 0.3*near {
			t.Errorf("pattern %d: spread seen 10 m wide %.3f, want below a third of %.3f", p, far, near)
		}
	}
}

func TestPatternsLieOnTheSurface(t *testing.T) {
	wall := [3]float32{1, 0, 0}
	tests := []struct {
		name     string
		pattern  Pattern
		at       [3]float32
		normal   [3]float32
		low, top float32
	}{
		{"middle of a pane", Windows, [3]float32{0, 0.65, 1.7}, wall, 0.7, 1},
		{"wall between panes", Windows, [3]float32{0, 1.9, 1.7}, wall, 0, 0.2},
		{"wall between storeys", Windows, [3]float32{0, 0.65, 3.2}, wall, 0, 0.2},
		{"no windows on a roof", Windows, [3]float32{0.65, 1.7, 9}, [3]float32{0, 0, 1}, 0, 0.25},
		{"joint of bricks", Bricks, [3]float32{0, 0.1, 0.155}, wall, 0.7, 1},
		{"face of a brick", Bricks, [3]float32{0, 0.1, 0.19}, wall, 0, 0.4},
		{"joint of slabs", Slabs, [3]float32{0.806, 0.2, 0}, [3]float32{0, 0, 1}, 0.7, 1},
		{"one stripe", Stripes, [3]float32{0, 0.05, 0.02}, wall, 1, 1},
		{"the next stripe", Stripes, [3]float32{0, 0.20, 0.02}, wall, 0, 0},
	}
	for _, tt := range tests {
		if got := tt.pattern.share(tt.at, tt.normal, 0); got < tt.low || got > tt.top {
			t.Errorf("%s: got share %v of the second colour, want %v to %v", tt.name, got, tt.low, tt.top)
		}
	}
}

func TestBandKeepsItsShare(t *testing.T) {
	for _, width := range []float32{0, 0.05, 0.3, 0.9, 2, 50} {
		sum := 0.0
		for i := range 1000 {
			sum += float64(band(float32(i)/1000*3, 1, 0.25, width))
		}
		if mean := sum / 1000; math.Abs(mean-0.25) > 0.01 {
			t.Errorf("width %v: got a mean of %.3f, want 0.25: blur must not change brightness", width, mean)
		}
	}
}

func TestColorAllocatesNothing(t *testing.T) {
	q, n := [3]float32{1, 2, 3}, [3]float32{1, 0, 0}
	if got := testing.AllocsPerRun(100, func() {
		for id := range Count {
			q[0] += Color(id, q, n, 0.01)[0]
		}
	}); got != 0 {
		t.Errorf("got %v allocations, want 0", got)
	}
}

func BenchmarkColor(b *testing.B) {
	b.ReportAllocs()
	q, n := [3]float32{1, 2, 3}, [3]float32{1, 0, 0}
	i := 0
	for b.Loop() {
		q[1] += 0.1
		Color(ID(i%int(Count)), q, n, 0.02)
		i++
	}
}
