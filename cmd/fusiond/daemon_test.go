package main

import (
	"fmt"
	"testing"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/sensors"
)

// TestDaemon plays a recording into a daemon, as a vehicle would send it, and looks at what a subscriber gets.
func TestDaemon(t *testing.T) {
	needRuntime(t)
	const sweeps = 15
	file := madeRecording(t, sweeps)
	d, w := playSteadily(t, file)
	for try := 1; ; try++ {
		w.until("an object list of every sweep", func() bool { return len(w.lists) >= sweeps })
		w.until("health that has counted them", func() bool { return w.health.GetSets() >= sweeps })
		if try == 5 || !w.overran() {
			break
		}
		// The daemon had no processor for longer than its rings hold: that says nothing of it.
		t.Log("the daemon could not keep up: once more")
		if code := d.terminate(); code != exitOK {
			t.Fatalf("exit code %d", code)
		}
		d, w = playSteadily(t, file)
	}
	if code := d.terminate(); code != exitOK {
		t.Errorf("exit code %d after SIGTERM, want %d", code, exitOK)
	}
	w.sound()
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.manifests) != len(w.lists) {
		t.Fatalf("%d object lists and %d manifests, want as many", len(w.lists), len(w.manifests))
	}
	for i, l := range w.lists {
		switch {
		case i < sweeps:
			checkSet(t, i, l, w.manifests[i])
		case l.Manifest.GetKind() != fusionv1.SetKind_SET_KIND_VIRTUAL: // the virtual clock goes on a while when the drive has ended
			t.Errorf("set %d: %v, but there were %d sweeps", i+1, l.Manifest.GetKind(), sweeps)
		}
	}
	if len(w.health.GetStreams()) != 4 {
		t.Fatalf("health tells of %d streams, want 3 sensors and the ego motion", len(w.health.GetStreams()))
	}
	balanced(t, w.health.Streams)
	for name, want := range map[string]uint64{"TOP": sweeps, "FRONT": sweeps, "LEFT": sweeps, "ego": 10 * sweeps} {
		if s := w.stream(name); s.Received != want || s.Used != want || s.MissingHeaders != 0 {
			t.Errorf("stream %s: received %d, used %d, %d without headers, want %d, %d, 0; dropped %v",
				name, s.Received, s.Used, s.MissingHeaders, want, want, s.Dropped)
		}
	}
}

// playSteadily plays a file into a new daemon with a subscriber. When the machine stood still meanwhile, so that messages came as no
// vehicle would send them, it begins again.
func playSteadily(t *testing.T, file string) (*process, *watched) {
	t.Helper()
	for try := 1; ; try++ {
		d := startDaemonProcess(t, daemonConfig(t, madeRig(tenHertz), embeddedServer), nil)
		w := watchOutputs(t, d.url)
		o := fusiond(t, "play", file, "--url", d.url)
		o.want(t, exitOK)
		var messages int
		var lateMs float64
		if _, err := fmt.Sscanf(o.stdout, "%d messages published, at most %f ms", &messages, &lateMs); err != nil {
			t.Fatalf("play said %q: %v", o.stdout, err)
		}
		if lateMs < 30 || try == 5 {
			return d, w
		}
		t.Logf("a message was %.0f ms late: once more", lateMs)
		if code := d.terminate(); code != exitOK {
			t.Fatalf("exit code %d", code)
		}
	}
}

// overran tells whether messages were lost because the daemon did not get to them in time.
func (w *watched) overran() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.health.GetStreams() {
		for _, d := range s.Dropped {
			if d.Reason == "overrun" || d.Reason == "late" {
				return true
			}
		}
	}
	return false
}

// checkSet holds what is true of the i-th set of a whole drive: it is numbered so, has the time of the i-th sweep, and its manifest
// is the one that was published.
func checkSet(t *testing.T, i int, l *fusionv1.ObjectList, published *fusionv1.SetManifest) {
	t.Helper()
	stamp, m := madeStart+int64(i)*tenHertz, l.Manifest
	if l.SetId != uint64(i)+1 || m.GetSetId() != l.SetId || published.GetSetId() != l.SetId { //nolint:gosec // a small number
		t.Errorf("set %d: ids %d in the list, %d in its manifest, %d in the published manifest", i+1, l.SetId, m.GetSetId(), published.GetSetId())
	}
	if m.GetKind() != fusionv1.SetKind_SET_KIND_REFERENCE || m.GetReference() != "TOP" || l.Header.GetStamp() != stamp {
		t.Errorf("set %d: %v at %d of %q, want the sweep of TOP at %d", i+1, m.GetKind(), l.Header.GetStamp(), m.GetReference(), stamp)
	}
	present := map[string]*fusionv1.Member{}
	for _, member := range m.GetMembers() {
		switch {
		case member.Present:
			present[member.Stream] = member
		case member.Stream != sensors.Radar.String() || member.Absence != fusionv1.AbsenceReason_ABSENCE_REASON_NOT_FITTED:
			t.Errorf("set %d: %s is absent: %v", i+1, member.Stream, member.Absence)
		}
	}
	if top := present["TOP"]; top == nil || top.Stamp != stamp || len(present) != 3 {
		t.Errorf("set %d: members %v, want TOP at %d and both cameras", i+1, m.GetMembers(), stamp)
	}
	if l.Model == "" || l.Strategy != "attention" || l.ValidUntil <= stamp || l.EgoStale {
		t.Errorf("set %d: model %q, strategy %q, valid until %d, ego stale %v", i+1, l.Model, l.Strategy, l.ValidUntil, l.EgoStale)
	}
}
