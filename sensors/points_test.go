package sensors

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
)

func cloudOf(tb testing.TB, m *fusionv1.PointCloud) *PointCloud {
	tb.Helper()
	c, err := ParsePointCloud(marshal(tb, m), Meta{})
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func TestAppendPointsUsualLayout(t *testing.T) {
	got, dropped := cloudOf(t, lidarMessage()).AppendPoints(nil)
	// The second point was measured at the end of the sweep, which is the stamp.
	want := []Point{
		{X: 1, Y: 2, Z: 3, Intensity: 0.2, T: -0.075, Ring: 7},
		{X: -4, Y: 5, Z: -1.5, Intensity: 1, T: 0, Ring: 63},
	}
	near := cmp.Comparer(func(a, b float32) bool { return math.Abs(float64(a-b)) < 1e-7 })
	if d := cmp.Diff(want, got, near); d != "" || dropped != 0 {
		t.Errorf("dropped %d, points (-want +got):\n%s", dropped, d)
	}
}

// appendNumber writes v in the format of typ.
func appendNumber(b []byte, typ FieldType, v float64) []byte {
	switch typ {
	case Int8:
		return append(b, byte(int8(v)))
	case Uint8:
		return append(b, byte(v))
	case Int16:
		return binary.LittleEndian.AppendUint16(b, uint16(int16(v)))
	case Uint16:
		return binary.LittleEndian.AppendUint16(b, uint16(v))
	case Int32:
		return binary.LittleEndian.AppendUint32(b, uint32(int32(v)))
	case Uint32:
		return binary.LittleEndian.AppendUint32(b, uint32(v))
	case Float32:
		return binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(v)))
	case Float64:
		return binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
	}
	panic("unknown type")
}

// Any order of fields, any types, gaps between and fields that nobody knows: the points come out the same.
func TestAppendPointsAnyLayout(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.Permutation([]string{"x", "y", "z", "intensity", "ring", "t", "reflectivity"}).Draw(t, "order")
		wide := rapid.Bool().Draw(t, "float32 coordinates")
		var fields []*fusionv1.PointField
		types := map[string]FieldType{}
		offset := rapid.IntRange(0, 3).Draw(t, "start")
		for _, name := range names {
			typ := FieldType(rapid.IntRange(1, 8).Draw(t, "type of "+name))
			switch name {
			case "x", "y", "z":
				if wide {
					typ = Float32
				}
			case "t": // seconds: whole numbers but for the floating types
			default:
				if typ == Int8 {
					typ = Uint8
				}
			}
			types[name] = typ
			fields = append(fields, field(name, uint32(offset), fusionv1.PointField_Type(typ)))
			offset += typ.Size() + rapid.IntRange(0, 3).Draw(t, "gap")
		}
		whole := rapid.IntRange(1, 100)
		const start = 2 // seconds of sweep
		var data []byte
		var want []Point
		for range rapid.IntRange(1, 5).Draw(t, "points") {
			v := map[string]float64{}
			for _, name := range names {
				v[name] = float64(whole.Draw(t, name))
			}
			v["t"] = float64(rapid.IntRange(0, start).Draw(t, "seconds"))
			point := make([]byte, offset)
			for i, name := range names {
				at := fields[i].Offset
				copy(point[at:], appendNumber(nil, types[name], v[name]))
			}
			data = append(data, point...)
			want = append(want, Point{
				X: float32(v["x"]), Y: float32(v["y"]), Z: float32(v["z"]),
				Intensity: float32(v["intensity"]) / 100, Ring: uint16(v["ring"]), T: float32(v["t"] - start),
			})
		}
		c, err := ParsePointCloud(marshalRapid(t, &fusionv1.PointCloud{
			Header: header("L"), Fields: fields, PointStep: uint32(offset), IntensityMax: 100,
			SweepStart: testStamp - start*1e9, Data: data,
		}), Meta{})
		if err != nil {
			t.Fatal(err)
		}
		got, dropped := c.AppendPoints(nil)
		near := cmp.Comparer(func(a, b float32) bool { return math.Abs(float64(a-b)) < 1e-6 })
		if d := cmp.Diff(want, got, near); d != "" || dropped != 0 {
			t.Fatalf("dropped %d, points (-want +got):\n%s", dropped, d)
		}
	})
}

func TestAppendPointsDrops(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	good := Point{X: 1, Y: 2, Z: 3, Intensity: 1, T: -0.1, Ring: 1}
	for _, tt := range []struct {
		name    string
		x, y, z float32
		t       float32
		keep    bool
	}{
		{"good", 1, 2, 3, 0, true},
		{"x not a number", nan, 2, 3, 0, false},
		{"y not a number", 1, nan, 3, 0, false},
		{"z infinite", 1, 2, -inf, 0, false},
		{"no return", 0, 0, 0, 0, false},
		{"at 999 m", 999, 0, 0, 0, true},
		{"at 1001 m", 0, -1001, 0, 0, false},
		{"beyond float32 squared", 3e38, 0, 0, 0, false},
		{"time not a number", 1, 2, 3, nan, false},
		{"time infinite", 1, 2, 3, inf, false},
		{"time in nanoseconds", 1, 2, 3, 5e7, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := lidarMessage()
			m.Data = usualPoint(nil, 1, 2, 3, 255, 1, 0)
			m.Data = usualPoint(m.Data, tt.x, tt.y, tt.z, 255, 1, tt.t)
			m.Data = usualPoint(m.Data, 1, 2, 3, 255, 1, 0)
			float := cloudOf(t, m)
			// The same in float64, through the general loop.
			m64 := lidarMessage()
			m64.Fields, m64.PointStep, m64.Data = nil, 0, nil
			for _, f := range usualFields() {
				m64.Fields = append(m64.Fields, field(f.Name, m64.PointStep, fusionv1.PointField_TYPE_FLOAT64))
				m64.PointStep += 8
			}
			for _, p := range [][6]float64{{1, 2, 3, 255, 1, 0}, {float64(tt.x), float64(tt.y), float64(tt.z), 255, 1, float64(tt.t)}, {1, 2, 3, 255, 1, 0}} {
				for _, v := range p {
					m64.Data = appendNumber(m64.Data, Float64, v)
				}
			}
			for layout, c := range map[string]*PointCloud{"float32": float, "float64": cloudOf(t, m64)} {
				got, dropped := c.AppendPoints([]Point{{X: 42}})
				want, wantDropped := []Point{{X: 42}, good, good}, 1
				if tt.keep {
					kept := good
					kept.X, kept.Y, kept.Z = tt.x, tt.y, tt.z
					want, wantDropped = []Point{{X: 42}, good, kept, good}, 0
				}
				if d := cmp.Diff(want, got); d != "" || dropped != wantDropped {
					t.Errorf("%s: dropped %d, want %d, points (-want +got):\n%s", layout, dropped, wantDropped, d)
				}
			}
		})
	}
}

func TestAppendPointsScales(t *testing.T) {
	cloud := func(change func(*fusionv1.PointCloud), intensity, ring float32) Point {
		m := lidarMessage()
		m.Fields[4] = field("ring", 16, fusionv1.PointField_TYPE_FLOAT32)
		m.Fields[5] = field("t", 20, fusionv1.PointField_TYPE_FLOAT32)
		m.PointStep, m.Data = 24, nil
		for _, v := range []float32{1, 2, 3, intensity, ring, 0.05} {
			m.Data = binary.LittleEndian.AppendUint32(m.Data, math.Float32bits(v))
		}
		change(m)
		pts, _ := cloudOf(t, m).AppendPoints(nil)
		return pts[0]
	}
	nan := float32(math.NaN())
	for _, tt := range []struct {
		name             string
		change           func(*fusionv1.PointCloud)
		intensity, ring  float32
		want             float32
		wantRing         uint16
		wantT, tolerance float32
	}{
		{"255 by default", func(*fusionv1.PointCloud) {}, 127.5, 3, 0.5, 3, -0.05, 1e-7},
		{"intensity_max 1", func(m *fusionv1.PointCloud) { m.IntensityMax = 1 }, 0.25, 3, 0.25, 3, -0.05, 1e-7},
		{"above the largest", func(*fusionv1.PointCloud) {}, 300, 3, 1, 3, -0.05, 1e-7},
		{"negative", func(*fusionv1.PointCloud) {}, -3, -3, 0, 0, -0.05, 1e-7},
		{"not a number", func(*fusionv1.PointCloud) {}, nan, nan, 0, 0, -0.05, 1e-7},
		{"ring too large", func(*fusionv1.PointCloud) {}, 0, 1e9, 0, math.MaxUint16, -0.05, 1e-7},
		{"deskewed", func(m *fusionv1.PointCloud) { m.Deskewed = true }, 0, 0, 0, 0, 0, 0},
		{"deskewed, no start", func(m *fusionv1.PointCloud) { m.Deskewed, m.SweepStart = true, 0 }, 0, 0, 0, 0, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := cloud(tt.change, tt.intensity, tt.ring)
			if got.Intensity != tt.want || got.Ring != tt.wantRing || math.Abs(float64(got.T-tt.wantT)) > float64(tt.tolerance) {
				t.Errorf("got %+v, want intensity %v, ring %v, t %v", got, tt.want, tt.wantRing, tt.wantT)
			}
		})
	}
}

func TestAppendPointsAllocatesNothing(t *testing.T) {
	c := cloudOf(t, lidarMessage())
	dst := make([]Point, 0, c.Count)
	if got := testing.AllocsPerRun(100, func() { _, _ = c.AppendPoints(dst) }); got != 0 {
		t.Errorf("%v allocations, want 0", got)
	}
}

// 106,000 points are the densest sweeps in use.
func BenchmarkAppendPoints(b *testing.B) {
	const n = 106_000
	f32, u8 := fusionv1.PointField_TYPE_FLOAT32, fusionv1.PointField_TYPE_UINT8
	for _, layout := range []struct {
		name   string
		step   uint32
		fields []*fusionv1.PointField
	}{
		{"xyz+intensity+ring+t", usualStep, usualFields()},
		{"five float32", 20, []*fusionv1.PointField{field("x", 0, f32), field("y", 4, f32), field("z", 8, f32), field("intensity", 12, f32), field("ring", 16, f32)}},
		{"xyz+u8", 13, []*fusionv1.PointField{field("x", 0, f32), field("y", 4, f32), field("z", 8, f32), field("intensity", 12, u8)}},
		{"float64", 48, []*fusionv1.PointField{field("x", 0, 8), field("y", 8, 8), field("z", 16, 8), field("intensity", 24, 8), field("ring", 32, 8), field("t", 40, 8)}},
	} {
		b.Run(layout.name, func(b *testing.B) {
			data := make([]byte, n*int(layout.step))
			for i := range n {
				p := data[i*int(layout.step):]
				for j, f := range layout.fields[:3] {
					copy(p[f.Offset:], appendNumber(nil, FieldType(f.Type), float64(j+i%50+1)))
				}
			}
			c := cloudOf(b, &fusionv1.PointCloud{
				Header: header("L"), PointStep: layout.step, Fields: layout.fields, SweepStart: testStamp - 1e8, Data: data,
			})
			dst := make([]Point, 0, n)
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				if pts, _ := c.AppendPoints(dst); len(pts) != n {
					b.Fatalf("%d points", len(pts))
				}
			}
		})
	}
}
