package sensors

import (
	"fmt"
	"math"
	"testing"

	"gonum.org/v1/gonum/spatial/r3"
	"pgregory.net/rapid"
)

// Lenses as they are found on vehicles; each with the half angle up to which its polynomial is known to grow.
var lenses = []struct {
	name    string
	k       Intrinsics
	halfRad float64
}{
	{"pinhole", Intrinsics{Width: 1600, Height: 900, Fx: 1266, Fy: 1266, Cx: 816, Cy: 491}, 1.4},
	{"folds before the corners", Intrinsics{
		Width: 1920, Height: 1080, Fx: 1970, Fy: 1970, Cx: 970, Cy: 483,
		Distortion: [8]float64{-0.589, 0.66, 0.0011, -0.001, -1.0129},
	}, 0.5},
	{"strong barrel with tangential terms", Intrinsics{
		Width: 1920, Height: 1080, Fx: 1300, Fy: 1300, Cx: 965, Cy: 625,
		Distortion: [8]float64{-0.3121, 0.0994, 0.00018, 0.0012, -0.0141},
	}, 0.95},
	{"pincushion", Intrinsics{Width: 1280, Height: 720, Fx: 900, Fy: 905, Cx: 640, Cy: 360, Distortion: [8]float64{0.12, 0.05}}, 1.2},
	{"rational wide angle", Intrinsics{
		Width: 1280, Height: 960, Fx: 560, Fy: 558, Cx: 640, Cy: 480,
		Distortion: [8]float64{0.75, 0.21, 0.0003, -0.0002, 0.011, 1.08, 0.42, 0.06},
	}, 1.1},
	{"fisheye 190 degrees", Intrinsics{
		Width: 1280, Height: 1080, Fx: 330, Fy: 331, Cx: 640, Cy: 540, Model: FisheyeKB4,
		Distortion: [8]float64{-0.021, -0.0067, 0.0031, -0.0006},
	}, 1.66},
	{"fisheye, equidistant", Intrinsics{Width: 1000, Height: 1000, Fx: 300, Fy: 300, Cx: 500, Cy: 500, Model: FisheyeKB4}, 3.1},
}

// A ray inside the valid field comes back within 1e-8 rad: both ways round off, and the slowest slope of these lenses is
// about a tenth, so 1e-10 of residual becomes 1e-9.
func TestLensRoundTrip(t *testing.T) {
	for _, tt := range lenses {
		t.Run(tt.name, rapid.MakeCheck(func(t *rapid.T) {
			theta := rapid.Float64Range(0, tt.halfRad).Draw(t, "theta")
			phi := rapid.Float64Range(-math.Pi, math.Pi).Draw(t, "phi")
			depth := rapid.Float64Range(0.1, 200).Draw(t, "depth")
			want := r3.Vec{X: math.Sin(theta) * math.Cos(phi), Y: math.Sin(theta) * math.Sin(phi), Z: math.Cos(theta)}
			u, v, ok := tt.k.Project(r3.Scale(depth, want))
			if !ok {
				t.Fatalf("Project at %.3f rad: not ok", theta)
			}
			got, ok := tt.k.Unproject(u, v)
			if !ok {
				t.Fatalf("Unproject(%g, %g) of the ray at %.3f rad: not ok", u, v, theta)
			}
			if d := r3.Norm(r3.Sub(got, want)); d > 1e-8 {
				t.Fatalf("ray %v came back as %v, %g off", want, got, d)
			}
		}))
	}
}

// Whatever Unproject accepts, Project maps back to within a millionth of a pixel; the ray is a unit ray.
func TestLensPixelRoundTrip(t *testing.T) {
	for _, tt := range lenses {
		t.Run(tt.name, rapid.MakeCheck(func(t *rapid.T) {
			u := rapid.Float64Range(-0.5, float64(tt.k.Width)-0.5).Draw(t, "u")
			v := rapid.Float64Range(-0.5, float64(tt.k.Height)-0.5).Draw(t, "v")
			ray, ok := tt.k.Unproject(u, v)
			if !ok {
				return // outside the valid field; TestUnprojectCoversImage says where that must not be
			}
			if d := math.Abs(r3.Norm(ray) - 1); d > 1e-14 {
				t.Fatalf("length of %v is off 1 by %g", ray, d)
			}
			gu, gv, ok := tt.k.Project(ray)
			if d := math.Hypot(gu-u, gv-v); !ok || d > 1e-6 {
				t.Fatalf("pixel (%g, %g) came back as (%g, %g), ok %v, %g off", u, v, gu, gv, ok, d)
			}
		}))
	}
}

// Every pixel of the images of lenses that cover them has a ray.
func TestUnprojectCoversImage(t *testing.T) {
	for _, i := range []int{0, 2, 3, 4} {
		tt := lenses[i]
		t.Run(tt.name, func(t *testing.T) {
			for v := 0; v < tt.k.Height; v += tt.k.Height / 30 {
				for u := 0; u < tt.k.Width; u += tt.k.Width / 40 {
					if _, ok := tt.k.Unproject(float64(u), float64(v)); !ok {
						t.Fatalf("pixel (%d, %d) has no ray", u, v)
					}
				}
			}
		})
	}
}

// Values computed by hand from the models' formulas.
func TestProjectWorkedExamples(t *testing.T) {
	pinhole := Intrinsics{Fx: 1000, Fy: 1100, Cx: 800, Cy: 450}
	radial := pinhole
	radial.Distortion = [8]float64{-0.2, 0.1}
	tangential := pinhole
	tangential.Distortion = [8]float64{0, 0, 0.01, 0.02}
	rational := pinhole
	rational.Distortion = [8]float64{0, 0, 0, 0, 0, 1}
	fisheye := Intrinsics{Fx: 300, Fy: 300, Cx: 500, Cy: 400, Model: FisheyeKB4}
	fisheye4 := fisheye
	fisheye4.Distortion = [8]float64{0.1}
	for _, tt := range []struct {
		name string
		k    Intrinsics
		p    r3.Vec
		u, v float64
		ok   bool
	}{
		{"on the axis", pinhole, r3.Vec{Z: 10}, 800, 450, true},
		{"right and below", pinhole, r3.Vec{X: 2, Y: 1, Z: 4}, 1300, 725, true},
		{"in the camera's plane", pinhole, r3.Vec{X: 1}, 0, 0, false},
		{"behind", pinhole, r3.Vec{X: 1, Z: -1}, 0, 0, false},
		{"not a number", pinhole, r3.Vec{X: math.NaN(), Z: 1}, 0, 0, false},
		{"depth not a number", pinhole, r3.Vec{X: 1, Z: math.NaN()}, 0, 0, false},
		{"infinite", pinhole, r3.Vec{X: math.Inf(1), Z: 1}, 0, 0, false},
		// s = 0.25: 1 - 0.05 + 0.00625 = 0.95625
		{"radial", radial, r3.Vec{X: 0.3, Y: 0.4, Z: 1}, 800 + 286.875, 450 + 420.75, true},
		// x' = 0.3 + 2*0.01*0.12 + 0.02*(0.25+0.18), y' = 0.4 + 0.01*(0.25+0.32) + 2*0.02*0.12
		{"tangential", tangential, r3.Vec{X: 0.3, Y: 0.4, Z: 1}, 800 + 311, 450 + 451.55, true},
		// 1 / (1 + 0.25)
		{"rational", rational, r3.Vec{X: 0.3, Y: 0.4, Z: 1}, 800 + 240, 450 + 352, true},
		{"fisheye at 45 degrees", fisheye, r3.Vec{X: 1, Z: 1}, 500 + 300*math.Pi/4, 400, true},
		{"fisheye at 90 degrees", fisheye, r3.Vec{Y: 2}, 500, 400 + 300*math.Pi/2, true},
		{"fisheye straight behind", fisheye, r3.Vec{Z: -1}, 0, 0, false},
		{"fisheye at the origin", fisheye, r3.Vec{}, 0, 0, false},
		// theta = 1: 1 + 0.1
		{"fisheye with k1", fisheye4, r3.Vec{X: math.Sin(1), Z: math.Cos(1)}, 500 + 330, 400, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			u, v, ok := tt.k.Project(tt.p)
			if ok != tt.ok || math.Hypot(u-tt.u, v-tt.v) > 1e-9 {
				t.Errorf("Project(%v) = (%v, %v, %v), want (%v, %v, %v)", tt.p, u, v, ok, tt.u, tt.v, tt.ok)
			}
		})
	}
}

// Barrel distortion folds far-off rays back into the image; those are refused, from the fold on.
func TestProjectRefusesFoldedRays(t *testing.T) {
	// slope 1 + 3 k1 s: the fold is at s = 1/0.9.
	barrel := Intrinsics{Fx: 500, Fy: 500, Cx: 500, Cy: 500, Distortion: [8]float64{-0.3}}
	// slope 1 + 3 k1 theta²: the fold is at theta = 1/sqrt(0.6).
	fisheye := Intrinsics{Fx: 500, Fy: 500, Cx: 500, Cy: 500, Model: FisheyeKB4, Distortion: [8]float64{-0.2}}
	// Folds at s = 0.5 and grows again from s = 1 on: 1 - 3 s + 2 s² = (1 - s)(1 - 2 s).
	twice := Intrinsics{Fx: 500, Fy: 500, Cx: 500, Cy: 500, Distortion: [8]float64{-1, 0.4}}
	// The denominator 1 - s has a pole at s = 1.
	pole := Intrinsics{Fx: 500, Fy: 500, Cx: 500, Cy: 500, Distortion: [8]float64{0, 0, 0, 0, 0, -1}}
	// r / (1 + s) has the slope (1 - s) / (1 + s)²: the fold is at s = 1.
	denominator := Intrinsics{Fx: 500, Fy: 500, Cx: 500, Cy: 500, Distortion: [8]float64{0, 0, 0, 0, 0, 1}}
	for _, tt := range []struct {
		name string
		k    Intrinsics
		fold float64 // angle off the axis
	}{
		{"denominator", denominator, math.Atan(1)},
		{"barrel", barrel, math.Atan(math.Sqrt(1 / 0.9))},
		{"fisheye", fisheye, 1 / math.Sqrt(0.6)},
		{"grows again", twice, math.Atan(math.Sqrt(0.5))},
		{"pole", pole, math.Atan(1)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for deg := 0.5; deg < 89; deg++ {
				theta := deg * math.Pi / 180
				_, _, ok := tt.k.Project(r3.Vec{X: math.Sin(theta), Z: math.Cos(theta)})
				if want := theta < tt.fold; ok != want {
					t.Errorf("Project at %g degrees: ok %v, want %v (fold at %.2f)", deg, ok, want, tt.fold*180/math.Pi)
				}
			}
			// A pixel outside all that the valid field reaches has no ray.
			if tt.name == "pole" {
				return
			}
			if ray, ok := tt.k.Unproject(5000, 500); ok {
				t.Errorf("Unproject far outside = %v, want not ok", ray)
			}
		})
	}
}

func TestUnprojectRefuses(t *testing.T) {
	k := Intrinsics{Fx: 500, Fy: 500}
	for _, tt := range []struct {
		name string
		k    Intrinsics
		u, v float64
	}{
		{"not a number", k, math.NaN(), 0},
		{"infinite", k, 0, math.Inf(-1)},
		{"no focal length", Intrinsics{}, 1, 1},
		{"unknown model", Intrinsics{Fx: 1, Fy: 1, Model: 9}, 1, 1},
		{"fisheye beyond half a turn", Intrinsics{Fx: 1, Fy: 1, Model: FisheyeKB4}, 3.2, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if ray, ok := tt.k.Unproject(tt.u, tt.v); ok {
				t.Errorf("Unproject(%v, %v) = %v, want not ok", tt.u, tt.v, ray)
			}
		})
	}
}

func TestDistorted(t *testing.T) {
	for _, tt := range []struct {
		k    Intrinsics
		want bool
	}{
		{Intrinsics{}, false},
		{Intrinsics{Distortion: [8]float64{7: 1e-9}}, true},
		{Intrinsics{Model: FisheyeKB4}, true},
	} {
		if got := tt.k.Distorted(); got != tt.want {
			t.Errorf("%+v: Distorted() = %v, want %v", tt.k, got, tt.want)
		}
	}
}

func BenchmarkProject(b *testing.B) {
	for _, tt := range lenses {
		b.Run(tt.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, _, ok := tt.k.Project(r3.Vec{X: 1, Y: -0.5, Z: 8}); !ok {
					b.Fatal("not ok")
				}
			}
		})
	}
}

func ExampleIntrinsics_Project() {
	k := Intrinsics{Width: 1600, Height: 900, Fx: 1266, Fy: 1266, Cx: 816, Cy: 491}
	u, v, ok := k.Project(r3.Vec{X: 1, Y: 0.5, Z: 10})
	fmt.Printf("%.1f %.1f %v\n", u, v, ok)
	// Output: 942.6 554.3 true
}
