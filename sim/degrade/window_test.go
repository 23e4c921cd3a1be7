package degrade

import (
	"math"
	"testing"

	"github.com/fusiond/fusiond/replay"
)

// TestWindow: a picture gets the sweep that is nearest in stamp, also one that arrives after it, moved by what was driven between.
func TestWindow(t *testing.T) {
	for _, early := range []bool{false, true} {
		r := open(t, maker{sweeps: 5, early: early}.write(t))
		c, err := survey(r)
		if err != nil {
			t.Fatal(err)
		}
		p := newPipe(r, scenario(t, "[{at: 0s, fog: 0.02}]"), c, Options{Workers: 1}, func(replay.Message) error { return nil })
		p.stop()
		pictures := 0
		check := func(j *job) {
			p.window.prepare(j)
			if j.frame == nil || j.index == 0 {
				return
			}
			pictures++
			if len(j.frame.sweeps) != 1 {
				t.Fatalf("early %v, picture %d: %d sweeps, want 1", early, j.index, len(j.frame.sweeps))
			}
			g := j.frame.sweeps[0]
			if got := g.cloud.sample.Stamp - j.Stamp; got != 20e6 {
				t.Errorf("early %v, picture %d: the sweep is %d ns later, want 20 ms", early, j.index, got)
			}
			// 50 m ahead at the sweep is 50.2 m ahead 20 ms before, and the lens is at 1.5 m.
			if z := g.cameraFromEgo.apply(50, 0, 1.5)[2]; math.Abs(float64(z)-48.7) > 1e-3 {
				t.Errorf("early %v, picture %d: 50 m ahead of the vehicle is %.3f m ahead of the lens, want 48.7", early, j.index, z)
			}
		}
		for m, err := range r.Messages(replay.Options{}) {
			if err != nil {
				t.Fatal(err)
			}
			p.window.enter(m)
			for j := p.window.next(m.Received); j != nil; j = p.window.next(m.Received) {
				check(j)
			}
		}
		for j := p.window.next(math.MaxInt64); j != nil; j = p.window.next(math.MaxInt64) {
			check(j)
		}
		if pictures != 4 {
			t.Errorf("early %v: %d pictures, want 4", early, pictures)
		}
	}
}
