package telemetry

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"go.uber.org/goleak"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve starts a server and stops it at the end of the test.
func serve(t *testing.T, m *Metrics, addr string) *Server {
	t.Helper()
	s, err := m.Serve(addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

// page asks for the metrics as Prometheus does and returns the lines of fusiond's own, without comments.
func page(t *testing.T, s *Server) (text string, samples map[string]string) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	r, err := client.Get("http://" + s.Addr() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(r.Body)
	if err := errors.Join(err, r.Body.Close()); err != nil {
		t.Fatal(err)
	}
	if r.StatusCode != http.StatusOK || !strings.HasPrefix(r.Header.Get("Content-Type"), "text/plain") {
		t.Fatalf("status %s, content %s: %s", r.Status, r.Header.Get("Content-Type"), body)
	}
	samples = map[string]string{}
	for line := range strings.Lines(string(body)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), " "); ok && strings.HasPrefix(name, "fusiond_") {
			samples[name] = value
		}
	}
	return string(body), samples
}

func health() *fusionv1.Health {
	return &fusionv1.Health{
		Mode: fusionv1.Mode_MODE_DEGRADED, SlowConsumers: 2, ClientDropped: 17, Reconnects: 1,
		Streams: []*fusionv1.StreamHealth{
			{
				Stream: "FRONT", Modality: fusionv1.Modality_MODALITY_CAMERA, Reliability: 0.25, Received: 100, Used: 80, Pending: 1, Gaps: 3, MissingHeaders: 4, AgeNs: 50_000_000,
				Dropped: []*fusionv1.DropCount{{Reason: "decode", Count: 12}, {Reason: "late", Count: 7}},
			},
			{Stream: "ego", Modality: fusionv1.Modality_MODALITY_EGO, Reliability: 1, Received: 1000, Used: 999, Dropped: []*fusionv1.DropCount{{Reason: "crc", Count: 1}}},
		},
		Stages: []*fusionv1.StageHealth{{Stage: "fuse", Errors: 5}},
	}
}

func objects() *fusionv1.ObjectList {
	return &fusionv1.ObjectList{
		Objects: make([]*fusionv1.Object, 9),
		Latency: []*fusionv1.StageLatency{{Stage: "wait", DurationNs: 30_000_000}, {Stage: "fuse", DurationNs: 12_000_000}},
		Manifest: &fusionv1.SetManifest{
			Kind: fusionv1.SetKind_SET_KIND_REFERENCE, CloseReason: fusionv1.CloseReason_CLOSE_REASON_DEADLINE,
			Members: []*fusionv1.Member{
				{Stream: "TOP", Present: true},
				{Stream: "FRONT", Absence: fusionv1.AbsenceReason_ABSENCE_REASON_LATE},
				{Stream: "radar", Absence: fusionv1.AbsenceReason_ABSENCE_REASON_NOT_FITTED},
			},
		},
	}
}

// TestPage reads every metric over HTTP.
func TestPage(t *testing.T) {
	m := New()
	m.Health(&fusionv1.Health{Mode: fusionv1.Mode_MODE_NOMINAL}) // replaced by the newest
	m.Health(health())
	m.Objects(objects())
	m.Objects(objects())
	text, got := page(t, serve(t, m, "127.0.0.1:0"))
	want := map[string]string{
		`fusiond_samples_received_total{sensor="FRONT"}`:                   "100",
		`fusiond_samples_received_total{sensor="ego"}`:                     "1000",
		`fusiond_samples_used_total{sensor="FRONT"}`:                       "80",
		`fusiond_samples_used_total{sensor="ego"}`:                         "999",
		`fusiond_samples_pending{sensor="FRONT"}`:                          "1",
		`fusiond_samples_pending{sensor="ego"}`:                            "0",
		`fusiond_samples_dropped_total{reason="decode",sensor="FRONT"}`:    "12",
		`fusiond_samples_dropped_total{reason="late",sensor="FRONT"}`:      "7",
		`fusiond_samples_dropped_total{reason="crc",sensor="ego"}`:         "1",
		`fusiond_samples_gaps_total{sensor="FRONT"}`:                       "3",
		`fusiond_samples_gaps_total{sensor="ego"}`:                         "0",
		`fusiond_samples_without_headers_total{sensor="FRONT"}`:            "4",
		`fusiond_samples_without_headers_total{sensor="ego"}`:              "0",
		`fusiond_stream_age_seconds{sensor="FRONT"}`:                       "0.05",
		`fusiond_stream_age_seconds{sensor="ego"}`:                         "0",
		`fusiond_sensor_reliability{sensor="FRONT"}`:                       "0.25",
		`fusiond_mode{mode="init"}`:                                        "0",
		`fusiond_mode{mode="nominal"}`:                                     "0",
		`fusiond_mode{mode="degraded"}`:                                    "1",
		`fusiond_mode{mode="minimal"}`:                                     "0",
		`fusiond_mode{mode="fail_silent"}`:                                 "0",
		`fusiond_slow_consumer_episodes_total`:                             "2",
		`fusiond_messages_lost_total`:                                      "17",
		`fusiond_reconnects_total`:                                         "1",
		`fusiond_stage_errors_total{stage="fuse"}`:                         "5",
		`fusiond_sets_total{close="deadline",kind="reference"}`:            "2",
		`fusiond_members_absent_total{reason="late",sensor="FRONT"}`:       "2",
		`fusiond_members_absent_total{reason="not_fitted",sensor="radar"}`: "2",
		`fusiond_objects`: "9",
	}
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s is %q, want %q", name, got[name], value)
		}
	}
	// The histogram: 30 ms twice, 12 ms twice; the limit of a bucket belongs to it.
	for name, value := range map[string]string{
		`_count{stage="wait"}`: "2", `_sum{stage="wait"}`: "0.06", `_bucket{stage="wait",le="0.025"}`: "0", `_bucket{stage="wait",le="0.035"}`: "2",
		`_bucket{stage="fuse",le="0.008"}`: "0", `_bucket{stage="fuse",le="0.012"}`: "2", `_bucket{stage="fuse",le="+Inf"}`: "2",
	} {
		if name = "fusiond_stage_duration_seconds" + name; got[name] != value {
			t.Errorf("%s is %q, want %q", name, got[name], value)
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok && !strings.HasPrefix(name, "fusiond_stage_duration_seconds_") {
			t.Errorf("%s is on the page and in no list here", name)
		}
	}
	for _, name := range []string{"go_goroutines ", "process_resident_memory_bytes "} {
		if !strings.Contains(text, "\n"+name) {
			t.Errorf("no %sof the process", name)
		}
	}
}

// TestConventions lets Prometheus' own linter parse the page: base units, _total on counters, a help text for each.
func TestConventions(t *testing.T) {
	m := New()
	m.Health(health())
	m.Objects(objects())
	text, _ := page(t, serve(t, m, "127.0.0.1:0"))
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	if err != nil {
		t.Fatalf("the page cannot be parsed: %v", err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "fusiond_") {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
}

// TestLabels holds each metric's labels: every one of a small, fixed set.
func TestLabels(t *testing.T) {
	m := New()
	m.Health(health())
	m.Objects(objects())
	_, samples := page(t, serve(t, m, "127.0.0.1:0"))
	allowed := []string{"close", "kind", "le", "mode", "reason", "sensor", "stage"}
	label := regexp.MustCompile(`[{,]([a-z_]+)="`)
	for name := range samples {
		for _, found := range label.FindAllStringSubmatch(name, -1) {
			if !slices.Contains(allowed, found[1]) {
				t.Errorf("%s has label %s, want one of %v", name, found[1], allowed)
			}
		}
	}
}

// TestEmptyPage: before anything was published there are no values, and no errors; lists without a manifest do no harm.
func TestEmptyPage(t *testing.T) {
	m := New()
	s := serve(t, m, "127.0.0.1:0")
	if _, got := page(t, s); len(got) != 1 || got["fusiond_objects"] != "0" {
		t.Errorf("got %v, want fusiond_objects 0 alone", got)
	}
	m.Objects(&fusionv1.ObjectList{})
	if _, got := page(t, s); got[`fusiond_sets_total{close="unspecified",kind="unspecified"}`] != "1" {
		t.Errorf("got %v, want one set of unspecified kind", got)
	}
}

// TestConcurrent reads pages while messages come in; the race detector watches.
func TestConcurrent(t *testing.T) {
	m := New()
	s := serve(t, m, "127.0.0.1:0")
	var wg sync.WaitGroup
	wg.Go(func() {
		for range 200 {
			m.Health(health())
			m.Objects(objects())
		}
	})
	for range 5 {
		page(t, s)
	}
	wg.Wait()
	if _, got := page(t, s); got[`fusiond_sets_total{close="deadline",kind="reference"}`] != "200" {
		t.Errorf("got %v sets, want 200", got)
	}
}

func TestServeAddress(t *testing.T) {
	for _, addr := range []string{"127.0.0.1:0", "localhost:0", ":0"} {
		host, _, err := net.SplitHostPort(serve(t, New(), addr).Addr())
		if ip := net.ParseIP(host); err != nil || !ip.IsLoopback() {
			t.Errorf("%q listens on %s, want loopback", addr, host)
		}
	}
	host, _, err := net.SplitHostPort(serve(t, New(), "0.0.0.0:0").Addr())
	if ip := net.ParseIP(host); err != nil || !ip.IsUnspecified() {
		t.Errorf("told to listen everywhere it listens on %s", host)
	}
}

func TestServeErrors(t *testing.T) {
	first := serve(t, New(), "127.0.0.1:0")
	_, err := New().Serve(first.Addr())
	if want := fmt.Sprintf("serve metrics: listen tcp %s: ", first.Addr()); err == nil || !errors.Is(err, syscall.EADDRINUSE) ||
		!strings.HasPrefix(err.Error(), want) || !strings.HasSuffix(err.Error(), "change metrics.listen, or leave it empty") {
		t.Errorf("a port in use: got error %v", err)
	}
	for _, addr := range []string{"9464", "127.0.0.1", "a:b:c"} {
		if s, err := New().Serve(addr); err == nil || !strings.Contains(err.Error(), "set metrics.listen to host:port") {
			t.Errorf("%q: got %v and error %v", addr, s, err)
		}
	}
}

// TestOtherPaths: nothing but the metrics, and nothing but reading.
func TestOtherPaths(t *testing.T) {
	s := serve(t, New(), "127.0.0.1:0")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for _, tt := range []struct {
		method, path string
		want         int
	}{{"GET", "/", 404}, {"GET", "/debug/pprof/", 404}, {"POST", "/metrics", 405}, {"HEAD", "/metrics", 200}} {
		q, err := http.NewRequestWithContext(t.Context(), tt.method, "http://"+s.Addr()+tt.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r, err := client.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Body.Close(); err != nil {
			t.Error(err)
		}
		if r.StatusCode != tt.want {
			t.Errorf("%s %s: got %d, want %d", tt.method, tt.path, r.StatusCode, tt.want)
		}
	}
}

// TestCloseCuts: a client that never finishes its request cannot hold up the stop, and its goroutine ends too (TestMain looks).
func TestCloseCuts(t *testing.T) {
	s, err := New().Serve("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }() // cut by the server
	if _, err := io.WriteString(c, "GET /metrics HTTP/1.1\r\n"); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	if err := c.SetReadDeadline(time.Now().Add(time.Second)); err != nil { // before the time limit for headers ends it
		t.Fatal(err)
	}
	if _, err := c.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the connection is still open: error %v", err)
	}
	if _, err := net.Dial("tcp", s.Addr()); err == nil {
		t.Error("the port is still open")
	}
}
