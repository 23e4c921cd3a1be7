package encoders

import (
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/spatial/r3"

	"github.com/fusiond/fusiond/sensors"
)

// TestRadarRaster puts two detections into one cell, one into another and one outside, and reads every channel.
func TestRadarRaster(t *testing.T) {
	p := TriBEV()
	r := NewRadarRaster(p.BEV(), p.Encoders.Radar)
	dst := make([]float32, r.Size())
	returns := []RadarReturn{
		{X: 10.1, Y: -5.1, RCSdBsm: 5, Vx: 3, Vy: 4, AgeS: 0.03},
		{X: 10.3, Y: -5.5, RCSdBsm: 20, Vx: -1, Vy: 0, AgeS: 0.01},
		{X: -51.2, Y: 51.1, RCSdBsm: -30, AgeS: 0.05}, // an RCS below -10 dBsm counts as that
		{X: 51.2, Y: 0, RCSdBsm: 30},
		{X: 0, Y: -51.3, RCSdBsm: 30},
		{X: math.NaN(), Y: 0, RCSdBsm: 30},
	}
	for range 2 { // the second time shows that buffers are cleared
		r.Fill(dst, returns)
	}
	want := map[[2]int][RadarChannels]float64{
		{76, 57}: {math.Log(3), 1, 0.1, 0.2, 0.3, 0.01}, // (10.1+51.2)/0.8 = 76.6, (-5.1+51.2)/0.8 = 57.6
		{0, 127}: {math.Log(2), 0, 0, 0, 0, 0.05},
	}
	for k := range RadarChannels {
		for at := range 128 * 128 {
			w := want[[2]int{at / 128, at % 128}][k]
			if got := float64(dst[k*128*128+at]); math.Abs(got-w) > 1e-7 {
				t.Errorf("channel %d, cell %d, %d: got %g, want %g", k, at/128, at%128, got, w)
			}
		}
	}
	slices.Reverse(returns)
	again := make([]float32, r.Size())
	if r.Fill(again, returns); !slices.Equal(dst, again) {
		t.Error("the order of two detections in a cell changes the map")
	}
	if got := testing.AllocsPerRun(10, func() { r.Fill(dst, returns) }); got != 0 {
		t.Errorf("%g allocations, want 0", got)
	}
}

// TestAppendReturns: a radar at the front, looking left, on a car that drives 10 m/s forward.
func TestAppendReturns(t *testing.T) {
	motion := RadarMotion{
		EgoFromSensor: sensors.FromYaw(math.Pi/2, r3.Vec{X: 3}), Velocity: r3.Vec{X: 10},
		SetFromScan: sensors.FromYaw(0, r3.Vec{X: -1}), AgeS: 0.1,
	}
	ahead := motion
	ahead.EgoFromSensor = sensors.FromYaw(0, r3.Vec{X: 3})
	turning := motion // at 0.5 rad/s the radar, 3 m ahead of the axle, moves 1.5 m/s to the left
	turning.Velocity, turning.AngularVelocity = r3.Vec{}, r3.Vec{Z: 0.5}
	tests := []struct {
		name   string
		motion RadarMotion
		in     sensors.RadarDetection
		want   RadarReturn
	}{
		{"standing, abeam", motion, sensors.RadarDetection{Position: r3.Vec{X: 20}, RCSdBsm: 7}, RadarReturn{X: 2, Y: 20, RCSdBsm: 7, AgeS: 0.1}},
		{"receding, abeam", motion, sensors.RadarDetection{Position: r3.Vec{X: 20}, RangeRateMps: 5}, RadarReturn{X: 2, Y: 20.5, Vy: 5, AgeS: 0.1}},
		{"standing, ahead", ahead, sensors.RadarDetection{Position: r3.Vec{X: 20}, RangeRateMps: -10}, RadarReturn{X: 22, AgeS: 0.1}},
		{"in front at our speed", ahead, sensors.RadarDetection{Position: r3.Vec{X: 20}}, RadarReturn{X: 23, Vx: 10, AgeS: 0.1}},
		{"standing, seen while turning", turning, sensors.RadarDetection{Position: r3.Vec{X: 20}, RangeRateMps: -1.5}, RadarReturn{X: 2, Y: 20, AgeS: 0.1}},
	}
	for _, tt := range tests {
		scan := &sensors.RadarScan{Detections: []sensors.RadarDetection{{Position: r3.Vec{X: 1}, Invalid: true}, tt.in}}
		got := AppendReturns([]RadarReturn{{X: 99}}, scan, tt.motion)
		if len(got) != 2 || got[0].X != 99 {
			t.Errorf("%s: got %+v, want one detection after the one that was there", tt.name, got)
			continue
		}
		g, w := got[1], tt.want
		for _, d := range []float64{g.X - w.X, g.Y - w.Y, g.RCSdBsm - w.RCSdBsm, g.Vx - w.Vx, g.Vy - w.Vy, g.AgeS - w.AgeS} {
			if math.Abs(d) > 1e-12 {
				t.Errorf("%s: got %+v, want %+v", tt.name, g, w)
				break
			}
		}
	}
	// The set's frame may be turned against the scan's: velocities turn with it.
	motion.SetFromScan = sensors.FromYaw(math.Pi/2, r3.Vec{})
	got := AppendReturns(nil, &sensors.RadarScan{Detections: []sensors.RadarDetection{{Position: r3.Vec{X: 20}, RangeRateMps: 5}}}, motion)[0]
	if math.Abs(got.X+20.5) > 1e-12 || math.Abs(got.Y-3) > 1e-12 || math.Abs(got.Vx+5) > 1e-12 || math.Abs(got.Vy) > 1e-12 {
		t.Errorf("turned set: got %+v, want x -20.5, y 3, vx -5", got)
	}
}
