package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestRecordingEndsEarly lets the daemon record to where there is no room. The recording ends, perception goes on, and at the end the
// daemon says what was lost: in words, and by its exit code.
func TestRecordingEndsEarly(t *testing.T) {
	needRuntime(t)
	t.Parallel()
	tests := []struct {
		name    string
		prepare func(cmd *exec.Cmd, dir string)
		words   []string
	}{
		{
			// A file system of 256 KiB that only the daemon sees: where it is not root, a user name space makes it one.
			name: "full disk", words: []string{"no space left on device", "disk_full"},
			prepare: func(cmd *exec.Cmd, dir string) {
				cmd.Env = append(cmd.Env, tmpfsEnv+"="+dir+":256k")
				cmd.SysProcAttr = &syscall.SysProcAttr{
					Cloneflags:  syscall.CLONE_NEWNS | syscall.CLONE_NEWUSER,
					UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
					GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
				}
			},
		},
		{
			name: "limit on the size of files", words: []string{"file too large"},
			prepare: func(cmd *exec.Cmd, _ string) { cmd.Env = append(cmd.Env, limitEnv+"=262144") },
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, "run.mcap")
			d := startDaemonProcess(t, daemonConfig(t, madeRig(tenHertz), embeddedServer+"record: {file: '"+file+"'}\n"),
				func(cmd *exec.Cmd) { tt.prepare(cmd, dir) })
			w := watchOutputs(t, d.url)
			v := startVehicle(t, d.url, tenHertz)
			// The recording is written in chunks of 4 MiB, which the made drive fills in 1.5 s and which shrink to more than 256 KiB.
			w.until("sets beyond the room", func() bool { return len(w.lists) >= 20 })
			goesOn(t, d, w)
			v.stop()
			if code := d.terminate(); code != exitLoss {
				t.Errorf("exit code %d, want %d: what was to be recorded is lost", code, exitLoss)
			}
			w.sound()
			for _, text := range append(tt.words, "run.mcap", "free some space", "fusiond recover") {
				if !strings.Contains(d.logged(), text) {
					t.Errorf("the daemon does not say %q", text)
				}
			}
			w.mu.Lock()
			defer w.mu.Unlock()
			balanced(t, w.health.GetStreams())
		})
	}
}
