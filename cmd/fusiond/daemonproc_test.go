package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/fusiond/fusiond/sensors"
)

// process is a daemon that runs as a process of its own. The goroutine that reads its log ends with it; the test's end kills it.
type process struct {
	t       *testing.T
	cmd     *exec.Cmd
	url     string // of its NATS server
	metrics string
	done    chan struct{} // closed when it has ended and the log is whole

	mu  sync.Mutex
	log strings.Builder
}

// embeddedServer is the part of a configuration for a server of the daemon's own.
const embeddedServer = "nats: {embedded: listen, listen: '127.0.0.1:-1'}\n"

// daemonConfig writes a configuration of the made vehicle and its rig; more is added to it as YAML. Sets wait long for their members,
// so that a machine that stands still for a moment changes nothing.
func daemonConfig(t *testing.T, rig *sensors.Rig, more string) string {
	t.Helper()
	dir := t.TempDir()
	writeRig(t, dir, rig)
	pack, err := filepath.Abs(modelPackage)
	if err != nil {
		t.Fatal(err)
	}
	return writeFile(t, dir, "fusiond.yaml", fmt.Sprintf(
		"rig: rig.yaml\nmodel: {package: %q, provider: cpu}\nlog: {format: json}\nhealth: {period: 100ms}\n"+
			"metrics: {listen: '127.0.0.1:0'}\nalign: {max_wait: 5s}\n%s", pack, more))
}

// startDaemonProcess returns when the daemon says that it runs. prepare, if set, changes the process before it starts.
func startDaemonProcess(t *testing.T, config string, prepare func(*exec.Cmd)) *process {
	t.Helper()
	p := &process{t: t, cmd: child(context.Background(), "run", "--config", config), done: make(chan struct{})}
	if prepare != nil {
		prepare(p.cmd)
	}
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); p.cmd.SysProcAttr != nil && (errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EINVAL)) {
		t.Skip("SKIP: this system lets nobody make name spaces: ", err)
	} else if err != nil {
		t.Fatal(err)
	}
	running := make(chan struct{})
	go p.readLog(stderr, running)
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // it has ended already unless the test failed
		<-p.done
		if t.Failed() {
			t.Logf("the daemon's log:\n%s", p.logged())
		}
	})
	select {
	case <-running:
	case <-p.done:
		if p.cmd.ProcessState.ExitCode() == exitNoMount {
			t.Skip("SKIP: this system lets a process have no file system of its own: ", p.logged())
		}
		t.Fatalf("the daemon ended at once, exit code %d", p.cmd.ProcessState.ExitCode())
	case <-time.After(testLimit):
		t.Fatalf("the daemon does not run after %v", testLimit)
	}
	return p
}

// readLog keeps the log, takes the addresses from it, and says when the daemon runs.
func (p *process) readLog(r io.Reader, running chan<- struct{}) {
	defer close(p.done)
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		p.mu.Lock()
		p.log.WriteString(lines.Text() + "\n")
		p.mu.Unlock()
		var line struct{ Msg, Address, Nats string }
		if json.Unmarshal(lines.Bytes(), &line) != nil {
			continue // what main itself says is no JSON
		}
		switch line.Msg {
		case "metrics":
			p.metrics = line.Address
		case "running":
			p.url = line.Nats
			close(running)
		}
	}
	_ = p.cmd.Wait() // the exit code is asked for by those who care
}

func (p *process) logged() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

// alive reports whether the process runs.
func (p *process) alive() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// terminate sends SIGTERM and returns the exit code.
func (p *process) terminate() int {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatalf("send SIGTERM: %v", err)
	}
	select {
	case <-p.done:
	case <-time.After(testLimit):
		p.t.Fatalf("the daemon lives %v after SIGTERM", testLimit)
	}
	return p.cmd.ProcessState.ExitCode()
}

// scrape returns the metrics page.
func (p *process) scrape() string {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), testLimit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.metrics, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	page, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if cerr := resp.Body.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		p.t.Fatal(err)
	}
	return string(page)
}
