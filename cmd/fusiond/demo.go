package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/fusiond/fusiond/encoders"
	"github.com/fusiond/fusiond/internal/bus"
	"github.com/fusiond/fusiond/internal/config"
	"github.com/fusiond/fusiond/internal/onnx"
	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/replay"
	"github.com/fusiond/fusiond/replay/nuscenes"
	"github.com/fusiond/fusiond/sensors"
)

type demoCmd struct {
	Drive string  `required:"" help:"Folder in nuScenes' layout, or a recording (.mcap)." type:"path"`
	Out   string  `default:"out" help:"Folder for the recording and the picture." type:"path"`
	Rate  float64 `default:"1" help:"Speed of the replay; 1 is real time."`
	JSON  bool    `help:"Print one JSON object instead of the table."`
	modelFlags
}

// Run implements the verb: import, embedded server, replay at real time, daemon as a subscriber to it, and what came out of it.
func (c *demoCmd) Run(ctx context.Context) (err error) {
	file, err := c.recording(ctx)
	if err != nil {
		return err
	}
	r, rig, err := openRecording(file, "")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	watch, err := c.live(ctx, r, rig, log)
	if err != nil {
		return err
	}
	report := watch.report()
	if best := watch.best(); best != nil {
		report.Picture = filepath.Join(c.Out, "picture.png")
		if err := drawSet(r, rig, best, 0.25, report.Picture); err != nil {
			return err
		}
	}
	if c.JSON {
		err = writeJSON(os.Stdout, report)
	} else {
		err = report.writeTable(os.Stdout)
	}
	if err == nil && !report.balanced() {
		err = loss("the account of a stream does not add up: received differs from used + dropped + pending")
	}
	return err
}

// recording imports the drive unless it is a recording, or was imported before from the same tables.
func (c *demoCmd) recording(ctx context.Context) (string, error) {
	info, err := os.Stat(c.Drive)
	if err != nil {
		return "", fmt.Errorf("demo: %w: name a folder in nuScenes' layout or a recording", err)
	}
	if !info.IsDir() {
		return c.Drive, os.MkdirAll(c.Out, 0o755) //nolint:gosec // results for everyone
	}
	if err := os.MkdirAll(c.Out, 0o755); err != nil { //nolint:gosec // results for everyone
		return "", err
	}
	out := filepath.Join(c.Out, "drive.mcap")
	fmt.Fprintf(os.Stderr, "importing %s\n", c.Drive)
	report, err := importNuscenes(ctx, nuscenes.Config{Folder: c.Drive, Out: out})
	if err != nil {
		return "", err
	}
	if n := report.Lost(); n > 0 {
		fmt.Fprintf(os.Stderr, "%d files of the drive are missing or damaged; going on without them\n", n)
	}
	if len(report.Scenes) > 1 {
		fmt.Fprintf(os.Stderr, "%d scenes, showing the first\n", len(report.Scenes))
	}
	return report.Scenes[0].Out, nil
}

// live runs a daemon on an embedded server that listens, plays the recording into it over a connection of its own, and watches
// the outputs over another one.
func (c *demoCmd) live(ctx context.Context, r *replay.Reader, rig *sensors.Rig, log *slog.Logger) (_ *watcher, err error) {
	pack, err := encoders.LoadPackage(c.Model)
	if err != nil {
		return nil, err
	}
	provider, err := onnx.ParseProvider(c.Provider)
	if err != nil {
		return nil, usage("%w", err)
	}
	cfg := config.Default()
	cfg.Vehicle, cfg.NATS.Listen = vehicleOf(r, rig), "127.0.0.1:-1"
	cfg.Model.Strategy, cfg.Model.Threads, cfg.Model.Library = c.Strategy, c.Threads, c.Library
	p, err := assemble(&cfg, rig, pack, provider)
	if err != nil {
		return nil, err
	}
	d, err := startDaemon(ctx, p, log)
	if err != nil {
		return nil, err
	}
	url := d.bus.ClientURL()
	daemonCtx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- d.run(daemonCtx) }()
	// The daemon ends after the player, so that it can take what is in flight.
	finish := func() error {
		stop()
		return errors.Join(<-done, d.close())
	}
	w, err := watch(ctx, url, p.vehicle, log)
	if err != nil {
		return nil, errors.Join(err, finish())
	}
	if err := c.play(ctx, r, url, log); err != nil {
		return nil, errors.Join(err, w.close(), finish())
	}
	// The last set waits for its members and the fuser; health comes once a second.
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
	}
	// The server goes last: it is the daemon's, and the watcher still listens.
	stop()
	err = <-done
	return w, errors.Join(err, w.waitFinal(5*time.Second), w.close(), d.close())
}

func (c *demoCmd) play(ctx context.Context, r *replay.Reader, url string, log *slog.Logger) (err error) {
	b, err := bus.Open(ctx, bus.Config{URL: url}, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	progress, finish := eventBar(r, "replay at real time")
	defer finish()
	report, err := play(ctx, r, b, c.Rate, func(m replay.Message) { progress(m.Received) })
	if err != nil {
		return err
	}
	if report.Slipped > 0 {
		fmt.Fprintf(os.Stderr, "this machine could not keep up with the replay: it slipped by %v\n", report.Slipped.Round(time.Millisecond))
	}
	flush, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	return b.Flush(flush)
}

// watcher is a subscriber to the daemon's outputs.
type watcher struct {
	bus  *bus.Bus
	subs []*bus.Subscription

	mu     sync.Mutex
	lists  []*fusionv1.ObjectList
	health *fusionv1.Health
	final  chan struct{} // closed when health reports as many sets as lists came
	err    error
}

func watch(ctx context.Context, url, vehicle string, log *slog.Logger) (*watcher, error) {
	b, err := bus.Open(ctx, bus.Config{URL: url}, log)
	if err != nil {
		return nil, err
	}
	w := &watcher{bus: b, final: make(chan struct{}, 1)}
	for subject, handle := range map[string]func([]byte) error{
		bus.ObjectsSubject(vehicle).String(): w.onObjects, bus.HealthSubject(vehicle).String(): w.onHealth,
	} {
		s, err := b.Subscribe(subject, func(m *bus.Message) {
			if err := handle(m.Data); err != nil {
				w.mu.Lock()
				w.err = errors.Join(w.err, fmt.Errorf("read %s: %w", m.Subject, err))
				w.mu.Unlock()
			}
		})
		if err != nil {
			return nil, errors.Join(err, b.Close())
		}
		w.subs = append(w.subs, s)
	}
	return w, nil
}

func (w *watcher) onObjects(data []byte) error {
	l := &fusionv1.ObjectList{}
	if err := proto.Unmarshal(data, l); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lists = append(w.lists, l)
	return nil
}

func (w *watcher) onHealth(data []byte) error {
	h := &fusionv1.Health{}
	if err := proto.Unmarshal(data, h); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.health = h
	select {
	case w.final <- struct{}{}:
	default:
	}
	return nil
}

// waitFinal waits for the health message that the daemon sends when it stops.
func (w *watcher) waitFinal(limit time.Duration) error {
	deadline := time.After(limit)
	for {
		w.mu.Lock()
		seen, sets := uint64(len(w.lists)), uint64(0)
		if w.health != nil {
			sets = w.health.Sets
		}
		w.mu.Unlock()
		if sets > 0 && seen >= sets {
			return nil
		}
		select {
		case <-w.final:
		case <-time.After(50 * time.Millisecond):
		case <-deadline:
			return loss("%d object lists came for %d sets", seen, sets)
		}
	}
}

func (w *watcher) close() error {
	w.mu.Lock()
	err := w.err
	w.mu.Unlock()
	return errors.Join(err, w.bus.Close())
}

// best is the set that shows most: the one with the most objects that are well supported, the first of equals.
func (w *watcher) best() (best *fusionv1.ObjectList) {
	most := -1
	for _, l := range w.lists {
		n := 0
		for _, o := range l.Objects {
			if o.Existence >= 0.5 {
				n++
			}
		}
		if n > most {
			best, most = l, n
		}
	}
	return best
}
