package main

import (
	"fmt"
	"net"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
)

// startServer runs a NATS server that is not the daemon's; port -1 takes a free one.
func startServer(t *testing.T, port int) (*server.Server, func()) {
	t.Helper()
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: port, NoSigs: true, NoLog: true, MaxPayload: 8 << 20, MaxPending: 256 << 20})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(testLimit) {
		t.Fatal("the server is not ready")
	}
	stop := func() {
		s.Shutdown()
		s.WaitForShutdown()
	}
	t.Cleanup(stop)
	return s, stop
}

// TestServerGoesAwayAndComesBack: the daemon lives on without its server, outputs resume when it is back, and what was lost can be
// counted: inputs as gaps in health, outputs as gaps in their numbers.
func TestServerGoesAwayAndComesBack(t *testing.T) {
	needRuntime(t)
	t.Parallel()
	first, stop := startServer(t, server.RANDOM_PORT)
	url := first.ClientURL()
	d := startDaemonProcess(t, daemonConfig(t, madeRig(tenHertz), "nats: {url: '"+url+"'}\n"), nil)
	w := watchOutputs(t, url)
	v := startVehicle(t, url, tenHertz)
	w.until("whole sets", func() bool { return whole(w.lists) >= 3 })

	port := first.Addr().(*net.TCPAddr).Port
	stop()
	for range 5 {
		v.after("TOP") // half a second without a server
	}
	if !d.alive() {
		t.Fatal("the daemon ended with its server")
	}
	startServer(t, port)
	goesOn(t, d, w)
	w.until("reconnects in health", func() bool { return w.health.GetReconnects() >= 3 })
	goesOn(t, d, w)

	v.stop()
	numbered := v.numbered("TOP")
	w.until(fmt.Sprintf("all %d sweeps counted as received or as gaps", numbered), func() bool {
		s := w.stream("TOP")
		return s.GetReceived()+s.GetGaps() == numbered
	})
	code := d.terminate()
	if code != exitOK && code != exitLoss {
		t.Errorf("exit code %d, want %d, or %d because outputs were lost", code, exitOK, exitLoss)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, f := range w.faults {
		t.Error(f)
	}
	if w.skipped == 0 || w.stream("TOP").Gaps == 0 || v.lost["TOP"] == 0 {
		t.Errorf("%d outputs skipped, %d inputs of TOP lost, %d counted as gaps: the server was gone, so there must be some",
			w.skipped, v.lost["TOP"], w.stream("TOP").Gaps)
	}
	if last := w.lists[len(w.lists)-1]; w.health.Sets != last.SetId {
		t.Errorf("health counts %d sets, the last one has id %d", w.health.Sets, last.SetId)
	}
	balanced(t, w.health.Streams)
}
