package bus

import (
	"encoding/json"
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
)

// echo answers what it is asked, and refuses "no".
func echo(payload []byte) ([]byte, error) {
	if string(payload) == "no" {
		return nil, errors.New("not this: ask for something else")
	}
	return append([]byte("so: "), payload...), nil
}

func TestControl(t *testing.T) {
	b := openBus(t, listening())
	c, err := b.NewControl("car", map[string]string{"fusiond": "dev"}, Endpoint{
		Verb: "echo", Description: "says it again", Request: `{"type":"string"}`, Response: `{"type":"string"}`, Handle: echo,
	})
	if err != nil {
		t.Fatal(err)
	}
	ask := openBus(t, Config{URL: b.ClientURL()})
	tests := []struct{ name, vehicle, verb, payload, want, err string }{
		{"answered", "car", "echo", "yes", "so: yes", ""},
		{"refused", "car", "echo", "no", "", "av.car.ctl.echo: not this: ask for something else"},
		{"too large", "car", "echo", strings.Repeat("x", maxControlRequest+1), "", "65537 bytes"},
		{"unknown verb", "car", "jump", "", "", "nobody serves it"},
		{"unknown vehicle", "bus", "echo", "", "", "daemon of vehicle bus"},
		{"no verb", "car", "", "", "", "ctl name is empty"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ask.Request(testContext(t), ControlSubject(tt.vehicle, tt.verb), []byte(tt.payload))
			if string(got) != tt.want || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("got %q, %v, want %q, %q", got, err, tt.want, tt.err)
			}
		})
	}
	m, err := plainClient(t, b.ClientURL()).Request("$SRV.INFO."+ControlName, nil, testLimit)
	if err != nil {
		t.Fatal(err)
	}
	var info struct {
		Metadata  map[string]string
		Endpoints []struct {
			Subject  string
			Metadata map[string]string
		}
	}
	if err := json.Unmarshal(m.Data, &info); err != nil {
		t.Fatal(err)
	}
	if info.Metadata["vehicle"] != "car" || info.Metadata["fusiond"] != "dev" || len(info.Endpoints) != 1 ||
		info.Endpoints[0].Subject != "av.car.ctl.echo" || info.Endpoints[0].Metadata["request"] != `{"type":"string"}` {
		t.Errorf("discovered %+v, want the vehicle's one endpoint with its schema", info)
	}
	for range 2 {
		if err := c.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
	waitFor(t, "nobody answers", func() bool {
		_, err := ask.Request(testContext(t), ControlSubject("car", "echo"), nil)
		return err != nil && strings.Contains(err.Error(), "nobody serves it")
	})
}

func TestControlRefused(t *testing.T) {
	b := openBus(t, Config{Embedded: EmbeddedInProcess})
	if _, err := b.NewControl("car", nil, Endpoint{Verb: "a.b", Handle: echo}); err == nil || !strings.Contains(err.Error(), `"a.b"`) {
		t.Errorf("a verb of two tokens: got %v, want an error that names it", err)
	}
}

// TestControlComesBack: the service is there again when its server is.
func TestControlComesBack(t *testing.T) {
	first := startServer(t, nil)
	b := openBus(t, Config{URL: first.ClientURL()})
	c, err := b.NewControl("car", nil, Endpoint{Verb: "echo", Handle: echo})
	if err != nil {
		t.Fatal(err)
	}
	port := first.Addr().(*net.TCPAddr).Port
	stopServer(first)
	waitFor(t, "the line is cut", func() bool { return !b.Stats().Control.Connected })
	startServer(t, &server.Options{Port: port, MaxPayload: DefaultMaxPayload, MaxPending: embeddedMaxPending})
	waitFor(t, "the answer", func() bool {
		got, err := b.Request(testContext(t), ControlSubject("car", "echo"), []byte("again"))
		return err == nil && string(got) == "so: again"
	})
	waitFor(t, "the other lines", func() bool { s := b.Stats(); return s.In.Connected && s.Out.Connected })
	for _, err := range []error{c.Close(), b.Close()} { // before the server ends
		if err != nil {
			t.Error(err)
		}
	}
}

// TestInsert puts the process's own messages between those that arrive.
func TestInsert(t *testing.T) {
	b := openBus(t, listening())
	ego, own := EgoSubject("car"), ControlSubject("car", "strategy")
	in := openIngest(t, b, IngestConfig{Streams: []Subject{ego}})
	nc := plainClient(t, b.ClientURL())
	send := func() {
		before := streamStats(in, ego.String()).Received
		if err := nc.Publish(ego.String(), []byte("pose")); err != nil {
			t.Fatal(err)
		}
		waitFor(t, "the pose", func() bool { return streamStats(in, ego.String()).Received > before })
	}
	send()
	for i := range 2 {
		if err := in.Insert(own, "fusion.v1.StrategyChange", []byte{byte(i)}); err != nil {
			t.Fatal(err)
		}
	}
	send()
	for i, want := range []Kind{KindEgo, KindControl, KindControl, KindEgo} {
		m := receive(t, in)
		if m.Kind != want || m.Arrival != uint64(i+1) || m.Received != int64(i+1) { //nolint:gosec // a small number
			t.Errorf("message %d: %v, arrival %d at %d, want %v", i+1, m.Kind, m.Arrival, m.Received, want)
		}
		if want == KindControl && (m.Name != "strategy" || m.Schema != "fusion.v1.StrategyChange" || m.Seq != uint64(i) || m.Data[0] != byte(i-1)) { //nolint:gosec // a small number
			t.Errorf("message %d: %+v, want number %d as it was inserted", i+1, m, i)
		}
	}
	checkConserved(t, streamStats(in, own.String()))
	for name, s := range map[string]Subject{"a sensor": ego, "another vehicle": ControlSubject("bus", "strategy"), "no verb": ControlSubject("car", "")} {
		if err := in.Insert(s, "", nil); err == nil {
			t.Errorf("%s was inserted", name)
		}
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	if err := in.Insert(own, "", nil); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: got %v, want ErrClosed", err)
	}
}
