package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/fusiond/fusiond/internal/pipeline"
	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/replay"
)

// TestStrategyByRequest changes the strategy of a running daemon: sets go on without a gap, each says who fused it, what cannot be is
// refused without effect, and `process` of the daemon's recording gives the same sets by the same strategies.
func TestStrategyByRequest(t *testing.T) {
	needRuntime(t)
	t.Parallel()
	file := filepath.Join(t.TempDir(), "run.mcap")
	config := daemonConfig(t, madeRig(tenHertz), embeddedServer+"record: {file: '"+file+"'}\n")
	likeProcess(t, config)
	d := startDaemonProcess(t, config, nil)
	w := watchOutputs(t, d.url)
	v := startVehicle(t, d.url, tenHertz)
	fusedBy := func(name string, n int) func() bool {
		return func() bool {
			at := len(w.lists) - n
			return at >= 0 && w.lists[at].Strategy == name && w.lists[len(w.lists)-1].Strategy == name
		}
	}
	w.until("sets by attention", fusedBy("attention", 5))

	var answer strategyAnswer
	o := fusiond(t, "ctl", "strategy", "early", "--url", d.url, "--vehicle", madeVehicle, "--json")
	o.want(t, exitOK)
	if o.decode(t, &answer); answer != (strategyAnswer{Previous: "attention", Present: "early"}) {
		t.Errorf("got the answer %+v, want early after attention", answer)
	}
	w.until("sets by early", fusedBy("early", 5))
	fusiond(t, "ctl", "strategy", "best", "--url", d.url, "--vehicle", madeVehicle).want(t, exitFail, `"best"`, "attention", "early")
	fusiond(t, "ctl", "strategy", "early", "--url", d.url, "--vehicle", "other").want(t, exitFail, "nobody serves", "other")
	fusiond(t, "ctl", "strategy", "early", "--url", d.url, "--vehicle", madeVehicle).want(t, exitOK)

	nc := plainClient(t, d.url)
	defer nc.Close()
	m, err := nc.Request("av.made.ctl.strategy", []byte(`{"strategy": 7}`), testLimit)
	if err != nil || m.Header.Get("Nats-Service-Error") == "" || !strings.Contains(string(m.Data), `"error"`) {
		t.Errorf("a number as name: got %+v, %v, want an error", m, err)
	}
	if m, err = nc.Request("av.made.ctl.strategy", []byte("attention"), testLimit); err != nil || string(m.Data) != `{"previous":"early","present":"attention"}` {
		t.Errorf("a bare name: got %+v, %v, want attention after early", m, err)
	}
	w.until("sets by attention again", fusedBy("attention", 5))
	if m, err = nc.Request("$SRV.INFO.fusiond", nil, testLimit); err != nil || !strings.Contains(string(m.Data), `"av.made.ctl.strategy"`) ||
		!strings.Contains(string(m.Data), `"vehicle":"made"`) {
		t.Errorf("discovery: got %+v, %v, want the endpoint", m, err)
	}
	v.stop()
	if code := d.terminate(); code != exitOK {
		t.Errorf("exit code %d after SIGTERM, want %d", code, exitOK)
	}
	w.sound()
	changes := 0
	for i, l := range w.lists {
		if l.SetId != uint64(i)+1 { //nolint:gosec // a small number
			t.Fatalf("set %d has the id %d", i+1, l.SetId)
		}
		if i > 0 && l.Header.Stamp <= w.lists[i-1].Header.Stamp {
			t.Errorf("set %d is at %d, the one before at %d", l.SetId, l.Header.Stamp, w.lists[i-1].Header.Stamp)
		}
		if i > 0 && l.Strategy != w.lists[i-1].Strategy {
			changes++
		}
	}
	if changes != 2 {
		t.Errorf("the strategy changed %d times, want 2", changes)
	}
	sameByProcess(t, file, w.lists)
}

// likeProcess takes the waiting for slow machines out of a configuration: `process` aligns by the defaults.
func likeProcess(t *testing.T, config string) {
	t.Helper()
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	plain := strings.Replace(string(text), "align: {max_wait: 5s}\n", "", 1)
	if plain == string(text) {
		t.Fatal("the configuration does not wait")
	}
	if err := os.WriteFile(config, []byte(plain), 0o600); err != nil {
		t.Fatal(err)
	}
}

// sameByProcess sends a daemon's recording through the core in event time and compares the object lists, latencies apart: process knows
// no clock. What the virtual clock added when the recording had ended is the daemon's alone.
func sameByProcess(t *testing.T, file string, want []*fusionv1.ObjectList) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "again.mcap")
	fusiond(t, "process", file, "--out", out, "--model", modelPackage).want(t, exitOK)
	r, err := replay.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}()
	n := 0
	for m, err := range r.Messages(replay.Options{}) {
		if err != nil {
			t.Fatal(err)
		}
		if replay.ParseTopic(m.Topic).Kind != pipeline.ObjectsOutput {
			continue
		}
		got := &fusionv1.ObjectList{}
		if err := proto.Unmarshal(m.Data, got); err != nil {
			t.Fatal(err)
		}
		if n == len(want) {
			t.Fatalf("process gave more than the daemon's %d sets", n)
		}
		live := proto.Clone(want[n]).(*fusionv1.ObjectList)
		live.Latency, got.Latency = nil, nil
		if last := live.Manifest.CloseReason; last == fusionv1.CloseReason_CLOSE_REASON_FLUSH || got.Manifest.CloseReason == fusionv1.CloseReason_CLOSE_REASON_FLUSH {
			break // the ends differ
		}
		if !proto.Equal(got, live) {
			t.Fatalf("set %d: process gave\n%v\nwant the daemon's\n%v", n+1, got, live)
		}
		n++
	}
	if n < 15 {
		t.Errorf("%d sets compared, want at least 15 of %d", n, len(want))
	}
}

func TestParseStrategyRequest(t *testing.T) {
	tests := []struct{ name, payload, want, err string }{
		{"bare name", "early", "early", ""},
		{"bare name in white space", " early\n", "early", ""},
		{"JSON", `{"strategy": "early"}`, "early", ""},
		{"nothing", "", "", "no name"},
		{"JSON without a name", "{}", "", "no name"},
		{"unknown key", `{"strategie": "early"}`, "", "unknown field"},
		{"two values", `{"strategy": "early"}{}`, "", "more than one"},
		{"cut JSON", `{"strategy": "ea`, "", "unexpected EOF"},
		{"quotes", `"early"`, "", "no strategy's name"},
		{"wildcard", "*", "", "no strategy's name"},
		{"long name", strings.Repeat("x", 65), "", "no strategy's name"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseStrategyRequest([]byte(tt.payload))
			if got != tt.want || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%q: got %q, %v, want %q, %q", tt.payload, got, err, tt.want, tt.err)
			}
		})
	}
}

func FuzzParseStrategyRequest(f *testing.F) {
	for _, seed := range []string{"early", `{"strategy":"late"}`, `{"strategy":`, "", "\xff"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		name, err := parseStrategyRequest(payload)
		if (name == "") != (err != nil) {
			t.Fatalf("%q: got %q and %v", payload, name, err)
		}
		if err != nil {
			return
		}
		again, err := json.Marshal(strategyRequest{name})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := parseStrategyRequest(again); got != name || err != nil {
			t.Errorf("%q became %q, %v", name, got, err)
		}
	})
}
