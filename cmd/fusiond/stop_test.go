package main

import (
	"fmt"
	"path/filepath"
	"testing"

	"google.golang.org/protobuf/proto"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/replay"
)

// TestStopPublishesWhatIsOpen sends SIGTERM while a set waits for its cameras. The set is published, the recording is whole and holds
// what went in and out, and the exit code is 0. The vehicle is slow, one sweep a second, so that the set is open for long.
func TestStopPublishesWhatIsOpen(t *testing.T) {
	needRuntime(t)
	t.Parallel()
	file := filepath.Join(t.TempDir(), "run.mcap")
	d := startDaemonProcess(t, daemonConfig(t, madeRig(oneHertz),
		embeddedServer+fmt.Sprintf("record: {file: %q}\n", file)), nil)
	w := watchOutputs(t, d.url)
	v := startVehicle(t, d.url, oneHertz)
	w.until("the first set", func() bool { return len(w.lists) >= 1 })
	v.after("TOP")
	v.stop()
	sweeps := v.count("TOP")
	w.until("the last sweep to arrive", func() bool { return w.stream("TOP").GetReceived() == sweeps })
	w.mu.Lock()
	before := uint64(len(w.lists))
	w.mu.Unlock()
	if before >= sweeps {
		t.Fatalf("%d sets of %d sweeps: the last one was to be open", before, sweeps)
	}
	if code := d.terminate(); code != exitOK {
		t.Errorf("exit code %d after SIGTERM, want %d", code, exitOK)
	}
	w.sound()
	w.mu.Lock()
	defer w.mu.Unlock()
	if uint64(len(w.lists)) != sweeps {
		t.Fatalf("%d sets of %d sweeps: the open one was not published", len(w.lists), sweeps)
	}
	last := w.lists[len(w.lists)-1].Manifest
	if last.CloseReason != fusionv1.CloseReason_CLOSE_REASON_FLUSH || w.manifests[len(w.manifests)-1].SetId != last.SetId {
		t.Errorf("the last set %d closed by %v, the last manifest is of set %d", last.SetId, last.CloseReason, w.manifests[len(w.manifests)-1].SetId)
	}
	if w.health.Sets != sweeps {
		t.Errorf("the last health counts %d sets, want %d", w.health.Sets, sweeps)
	}
	balanced(t, w.health.Streams)
	checkRunRecording(t, file, w, v)
}

// checkRunRecording reads what the daemon recorded: as many messages of each input as were sent and of each output as came, and the
// lists byte for byte.
func checkRunRecording(t *testing.T, file string, w *watched, v *vehicle) {
	t.Helper()
	var info replay.Information
	o := fusiond(t, "info", file, "--json")
	o.want(t, exitOK)
	o.decode(t, &info)
	want := map[string]uint64{
		"av.made.objects": w.seq["av.made.objects"], "av.made.manifest": w.seq["av.made.manifest"], "av.made.health": w.seq["av.made.health"],
		"av.made.ego": v.count(egoStream), "av.made.sensor.lidar.TOP": v.count("TOP"),
		"av.made.sensor.camera.FRONT": v.count("FRONT"), "av.made.sensor.camera.LEFT": v.count("LEFT"),
	}
	for _, s := range info.Streams {
		if s.Messages != want[s.Topic] {
			t.Errorf("recording: %d messages of %s, want %d", s.Messages, s.Topic, want[s.Topic])
		}
		delete(want, s.Topic)
	}
	if !info.SummaryIntact || len(want) > 0 || info.Rig == nil || info.Rig.Vehicle != madeVehicle {
		t.Errorf("recording: intact %v, lacks %v, rig %v", info.SummaryIntact, want, info.Rig)
	}
	r, err := replay.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}()
	i := 0
	for m, err := range r.Messages(replay.Options{Topics: []string{"av.made.objects"}}) {
		if err != nil {
			t.Fatal(err)
		}
		got := &fusionv1.ObjectList{}
		if err := proto.Unmarshal(m.Data, got); err != nil {
			t.Fatal(err)
		}
		if i >= len(w.lists) || !proto.Equal(got, w.lists[i]) {
			t.Fatalf("recording: object list %d is not the one that was published", i)
		}
		i++
	}
}
