package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/sensors"
)

// TestBadInput sends one bad message after the other into a running daemon. Each is counted under its reason, the other streams go
// on, and the bad one comes back with its next message; at the end the accounts add up to what was sent.
func TestBadInput(t *testing.T) {
	needRuntime(t)
	t.Parallel()
	d := startDaemonProcess(t, daemonConfig(t, madeRig(tenHertz), embeddedServer), nil)
	w := watchOutputs(t, d.url)
	v := startVehicle(t, d.url, tenHertz)
	w.until("whole sets", func() bool { return whole(w.lists) >= 3 })

	want := map[sensors.SensorID]*account{}
	for _, id := range []sensors.SensorID{"TOP", "FRONT", "LEFT", egoStream} {
		want[id] = &account{drops: map[string]uint64{}}
	}
	for _, c := range badCases() {
		if !t.Run(c.name, func(t *testing.T) { c.run(t, d, w, v, want[c.sensor]) }) {
			return // the accounts of the cases after it would be wrong too
		}
	}
	t.Run("unknown sensor", func(t *testing.T) {
		const ghost = "av.made.sensor.camera.GHOST"
		if err := v.nc.Publish(ghost, []byte("boo")); err != nil {
			t.Fatal(err)
		}
		w.until("a word about "+ghost, func() bool { return strings.Contains(d.logged(), ghost) })
		goesOn(t, d, w)
	})
	t.Run("100 MB", func(t *testing.T) {
		err := v.nc.Publish("av.made.sensor.camera.FRONT", make([]byte, 100e6))
		if !errors.Is(err, nats.ErrMaxPayload) {
			t.Errorf("got %v, want %v at the publisher", err, nats.ErrMaxPayload)
		}
		goesOn(t, d, w)
	})

	v.stop()
	w.until("all messages counted", func() bool {
		for id := range want {
			if s := w.stream(string(id)); s == nil || s.Received < v.count(id) {
				return false
			}
		}
		return true
	})
	page := d.scrape()
	if code := d.terminate(); code != exitOK {
		t.Errorf("exit code %d, want %d", code, exitOK)
	}
	w.sound()
	w.mu.Lock()
	defer w.mu.Unlock()
	balanced(t, w.health.GetStreams())
	for id, a := range want {
		s := w.stream(string(id))
		if s.Received != v.count(id) {
			t.Errorf("%s: received %d, want the %d that were sent", id, s.Received, v.count(id))
		}
		for reason, n := range a.drops {
			if got := dropped(s)[reason]; got < n {
				t.Errorf("%s: %d dropped as %s, want %d", id, got, reason, n)
			}
			line := fmt.Sprintf("fusiond_samples_dropped_total{reason=%q,sensor=%q} %d\n", reason, id, dropped(s)[reason])
			if !strings.Contains(page, line) {
				t.Errorf("/metrics does not hold %q", line)
			}
		}
		for reason, n := range dropped(s) {
			if n != a.drops[reason] && !slowMachine[reason] && !a.repeated {
				t.Errorf("%s: %d dropped as %s, want %d", id, n, reason, a.drops[reason])
			}
		}
	}
}

// slowMachine lists the reasons that a machine under load adds by itself. A picture in whose period the sweep was bad may find no set
// to serve, too; and when the machine has stood still for seconds, the guard may doubt the clock of what comes first.
var slowMachine = map[string]bool{"overrun": true, "late": true, "unmatched": true, "clock": true}

// account is what a stream's health must say after the cases so far.
type account struct {
	drops         map[string]uint64
	missing, gaps uint64
	repeated      bool // a message was sent more than once, so that the counts may be higher
}

func (c badCase) run(t *testing.T, d *process, w *watched, v *vehicle, a *account) {
	w.t, v.t = t, t
	w.mu.Lock()
	before := len(w.lists)
	used := w.stream(string(c.sensor)).GetUsed()
	w.mu.Unlock()
	for try := 1; !c.counted(w, v, a); try++ {
		if try == 40 {
			t.Fatalf("%s: sent %d times, and another reason was counted each time", c.sensor, try)
		}
		a.repeated = true
	}
	a.missing += c.missing
	a.gaps += c.gaps
	if c.drop != "" {
		a.drops[c.drop]++
	}
	w.until(fmt.Sprintf("%s used again", c.sensor), func() bool { return w.stream(string(c.sensor)).GetUsed() > used+1 })
	goesOn(t, d, w)
	w.mu.Lock()
	defer w.mu.Unlock()
	reasons := map[fusionv1.AbsenceReason]int{}
	for _, l := range w.lists[before:] {
		for _, m := range l.Manifest.GetMembers() {
			switch {
			case m.Present || m.Absence == fusionv1.AbsenceReason_ABSENCE_REASON_NOT_FITTED:
			case m.Stream == string(c.sensor):
				reasons[m.Absence]++
			case c.sensor != "TOP" && c.drop != "" && !w.disturbed():
				t.Errorf("set %d: %s is absent (%v), only %s was bad", l.SetId, m.Stream, m.Absence, c.sensor)
			}
		}
	}
	if w.disturbed() {
		return
	}
	if c.absent != 0 && reasons[c.absent] != 1 {
		t.Errorf("%s absent %v, want one set without it by %v", c.sensor, reasons, c.absent)
	}
	if c.drop == "" && len(reasons) > 0 {
		t.Errorf("%s absent %v, want it in every set: the message is to be accepted", c.sensor, reasons)
	}
}

// disturbed reports whether the machine stood still so long that good messages were lost. The lock is held.
func (w *watched) disturbed() bool {
	for _, s := range w.health.GetStreams() {
		if d := dropped(s); d["overrun"]+d["late"] > 0 {
			return true
		}
	}
	return false
}

// counted sends the bad message and waits until the account shows it; false when the machine stood still, so that the message may have
// been lost for that.
func (c badCase) counted(w *watched, v *vehicle, a *account) bool {
	w.mu.Lock()
	lost := slowDrops(w.stream(string(c.sensor)))
	w.mu.Unlock()
	for _, change := range c.changes {
		v.inject(c.sensor, change)
	}
	done := false
	w.until(fmt.Sprintf("%s: one more %q than %v, or header missing, or gap", c.sensor, c.drop, a.drops), func() bool {
		s := w.stream(string(c.sensor))
		done = (c.drop == "" || dropped(s)[c.drop] > a.drops[c.drop]) && s.GetMissingHeaders() >= a.missing+c.missing && s.GetGaps() >= a.gaps+c.gaps
		return done || slowDrops(s) > lost
	})
	return done
}

// slowDrops counts what was lost because the machine is slow.
func slowDrops(s *fusionv1.StreamHealth) uint64 {
	d := dropped(s)
	return d["overrun"] + d["late"] + d["unmatched"]
}

// goesOn waits for two more sets that have everything.
func goesOn(t *testing.T, d *process, w *watched) {
	t.Helper()
	w.t = t
	w.mu.Lock()
	before := whole(w.lists)
	w.mu.Unlock()
	w.until("two more whole sets", func() bool { return whole(w.lists) >= before+2 })
	if !d.alive() {
		t.Fatal("the daemon has ended")
	}
}

// whole counts the sets with a member of every sensor.
func whole(lists []*fusionv1.ObjectList) (n int) {
	for _, l := range lists {
		present := 0
		for _, m := range l.Manifest.GetMembers() {
			if m.Present {
				present++
			}
		}
		if present == 3 {
			n++
		}
	}
	return n
}
