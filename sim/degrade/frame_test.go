package degrade

import (
	"math"
	"testing"

	"github.com/fusiond/fusiond/replay"
	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim/timeline"
)

// meanOf is the mean code of some rows of a picture.
func meanOf(t *testing.T, m replay.Message, from, to int) float64 {
	t.Helper()
	f, err := sensors.ParseCameraFrame(m.Data, sensors.Meta{})
	if err != nil {
		t.Fatal(err)
	}
	p := &picture{}
	if err := p.read(f); err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for _, c := range p.codes[3*from*p.w : 3*to*p.w] {
		sum += float64(c)
	}
	return sum / float64(3*(to-from)*p.w)
}

// TestNight: a picture that was taken by day gets dark, its sky most of all.
func TestNight(t *testing.T) {
	path := maker{sweeps: 1}.write(t)
	day, _, _ := degraded(t, path, "", Options{})
	night, _, _ := degraded(t, path, "[{at: 0s, light: 0.02}]", Options{})
	was, is := meanOf(t, day[frontTopic][0], 0, 10), meanOf(t, night[frontTopic][0], 0, 10)
	if is > 0.5*was {
		t.Errorf("the sky's mean is %.0f after %.0f, want less than half", is, was)
	}
}

// TestTurnedCamera: what a camera turned to its right sees lies further to the left in its picture.
func TestTurnedCamera(t *testing.T) {
	path := maker{sweeps: 1}.write(t)
	day, _, _ := degraded(t, path, "", Options{})
	got, _, _ := degraded(t, path, "[{at: 0s, sensor: FRONT, rotate: [20, 0, 0]}]", Options{})
	// Turned up about x by 20 degrees, the sky fills what was the wall.
	if was, is := meanOf(t, day[frontTopic][0], 14, 22), meanOf(t, got[frontTopic][0], 14, 22); is < 2*was {
		t.Errorf("the middle's mean is %.0f after %.0f, want the sky there", is, was)
	}
}

// TestFisheyeIsNotTurned: the run ends with a word instead of a wrong picture.
func TestFisheyeIsNotTurned(t *testing.T) {
	rig := madeRig()
	rig.Sensors[1].Intrinsics.Model = sensors.FisheyeKB4
	path := maker{sweeps: 1, rig: rig}.write(t)
	_, err := Run(t.Context(), open(t, path), scenario(t, "[{at: 0s, sensor: FRONT, rotate: [0, 0, 1]}]"), Options{}, func(replay.Message) error { return nil })
	holds(t, err, "FRONT", "fisheye", "leave rotate out")
	degraded(t, path, "[{at: 0s, fog: 0.05}]", Options{})
}

// TestSun: glare comes from the sun only when the time line puts one; the picture's own is where it is.
func TestSun(t *testing.T) {
	rig := madeRig()
	v := newView(&rig.Sensors[1], madeWidth, madeHeight)
	turned := sensors.FromYaw(math.Pi/2, vec(100, 0, 0)) // the vehicle drives along y of the local frame
	f := &frameJob{sensor: &rig.Sensors[1], motion: sensors.EgoState{LocalFromEgo: turned, Velocity: vec(10, 0, 0)}}
	usual := timeline.Clear()
	s := f.scene(v, &usual)
	if s.HasSun || math.Abs(s.Velocity[2]-10) > 1e-9 || math.Abs(s.Down[1]-1) > 1e-9 {
		t.Errorf("scene %+v, want 10 m/s along the axis, down in the picture, no sun", s)
	}
	low := usual
	low.SunElevationRad, low.SunAzimuthRad = 0.1, math.Pi/2
	if s := f.scene(v, &low); !s.HasSun || math.Abs(s.Sun[0]-v.k.Cx) > 1e-6 || math.Abs(s.Sun[1]-(v.k.Cy-60*math.Tan(0.1))) > 1e-6 {
		t.Errorf("sun at %v, want straight ahead, 0.1 rad up", s.Sun)
	}
}
