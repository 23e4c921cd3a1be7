package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/fusiond/fusiond/internal/onnx"
)

// The tests run the program as its users do: as a process with arguments, signals, standard streams and an exit code. The test
// binary is that program when childEnv is set.
const (
	childEnv = "FUSIOND_TEST_CHILD"
	// tmpfsEnv is DIR:SIZE, a small file system for the child alone; limitEnv bounds the size of each file that it writes, bytes.
	tmpfsEnv = "FUSIOND_TEST_TMPFS"
	limitEnv = "FUSIOND_TEST_FILE_LIMIT"
)

// Exit codes of a child beside the program's own.
const (
	exitLeak    = 70 // a goroutine is left when the verb has returned
	exitNoMount = 77 // the system does not let the child have a file system of its own
)

const (
	testLimit = 2 * time.Minute // for a child to end, for an event to come
	// modelPackage and exampleFile are the shipped ones.
	modelPackage = "../../models/tribev"
	exampleFile  = "../../fusiond.example.yaml"
)

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		os.Exit(childMain())
	}
	goleak.VerifyTestMain(m)
}

// childMain is main with what a test prepares before, and a look at what is left after.
func childMain() int {
	if v := os.Getenv(limitEnv); v != "" {
		n, err := strconv.ParseUint(v, 10, 64)
		if err == nil {
			err = syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: n, Max: n})
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "limit the size of files:", err)
			return exitFail
		}
	}
	if dir, size, ok := strings.Cut(os.Getenv(tmpfsEnv), ":"); ok {
		if err := syscall.Mount("none", dir, "tmpfs", 0, "size="+size); err != nil {
			fmt.Fprintln(os.Stderr, "mount a small file system:", err)
			return exitNoMount
		}
	}
	code := run(os.Args[1:])
	if err := goleak.Find(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return exitLeak
	}
	return code
}

// child makes a process of the program that has not started.
func child(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, os.Args[0], args...) //nolint:gosec // this very binary
	// The race detector's pause at the end of a process would make every child a second slower.
	cmd.Env = append([]string{"GORACE=atexit_sleep_ms=0"}, append(os.Environ(), childEnv+"=1")...)
	return cmd
}

// outcome of a verb.
type outcome struct {
	args           []string
	code           int
	stdout, stderr string
}

// fusiond runs a verb to its end.
func fusiond(t *testing.T, args ...string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), testLimit)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := child(ctx, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("fusiond %s: %v", strings.Join(args, " "), err)
	}
	return outcome{args, cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// want fails the test unless the verb ended with code and its standard error holds every text.
func (o outcome) want(t *testing.T, code int, texts ...string) {
	t.Helper()
	if o.code != code {
		t.Fatalf("fusiond %s: exit code %d, want %d\n%s%s", strings.Join(o.args, " "), o.code, code, o.stdout, o.stderr)
	}
	for _, text := range texts {
		if !strings.Contains(o.stderr, text) {
			t.Errorf("fusiond %s: standard error\n%s\ndoes not hold %q", strings.Join(o.args, " "), o.stderr, text)
		}
	}
}

// decode reads standard output as one JSON value.
func (o outcome) decode(t *testing.T, into any) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(o.stdout))
	if err := d.Decode(into); err != nil {
		t.Fatalf("fusiond %s: standard output is no JSON: %v\n%s", strings.Join(o.args, " "), err, o.stdout)
	}
	if d.More() {
		t.Errorf("fusiond %s: more than one JSON value on standard output:\n%s", strings.Join(o.args, " "), o.stdout)
	}
}

// needRuntime skips a test that runs networks where the library is not here.
func needRuntime(t *testing.T) {
	t.Helper()
	if _, err := onnx.FindLibrary(""); err != nil {
		t.Skip("SKIP: no ONNX Runtime library: make setup")
	}
}
