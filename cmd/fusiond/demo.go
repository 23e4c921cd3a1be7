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
	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/replay"
	"github.com/fusiond/fusiond/replay/nuscenes"
	"github.com/fusiond/fusiond/sensors"
)

type demoCmd struct {
	Drive string  `default:"recordings/fog-street.mcap" help:"Folder in nuScenes' layout, or a recording (.mcap); default: the simulated drive into fog that comes with fusiond." type:"path"`
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
	paint, err := newPainter(r, rig, foundExistence)
	if err != nil {
		return err
	}
	start, _ := r.Range()
	report.Seconds = seconds(watch.lists, paint.truth, start)
	if len(watch.lists) > 0 {
		report.Picture = filepath.Join(c.Out, "film.png")
		if err := paint.film(watch.lists, demoFrames, report.Picture); err != nil {
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

// demoFrames is how many moments of the drive the film shows.
const demoFrames = 6

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
	provider, err := c.provider()
	if err != nil {
		return nil, err
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
	messages, err := c.play(ctx, r, url, log)
	if err != nil {
		return nil, errors.Join(err, w.close(), finish())
	}
	// The daemon is stopped with the drive: what is open is closed then, and no set is made of the silence after it.
	arrived(ctx, d.ingest, messages, 2*time.Second)
	// The server goes last: it is the daemon's, and the watcher still listens.
	stop()
	err = <-done
	published := d.bus.Stats().Publisher.Published
	return w, errors.Join(err, w.waitFor(published, 5*time.Second), w.close(), d.close())
}

// arrived waits until the daemon has received so many messages, but not for long: one that NATS lost never comes.
func arrived(ctx context.Context, in *bus.Ingest, messages uint64, limit time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		received := uint64(0)
		for _, s := range in.Stats().Streams {
			received += s.Received
		}
		if received >= messages {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// play returns how many messages it sent.
func (c *demoCmd) play(ctx context.Context, r *replay.Reader, url string, log *slog.Logger) (messages uint64, err error) {
	b, err := bus.Open(ctx, bus.Config{URL: url}, log)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	progress, finish := eventBar(r, "replay at real time")
	defer finish()
	report, err := play(ctx, r, b, c.Rate, func(m replay.Message) { progress(m.Received) })
	if err != nil {
		return 0, err
	}
	if report.Slipped > 0 {
		fmt.Fprintf(os.Stderr, "this machine could not keep up with the replay: it slipped by %v\n", report.Slipped.Round(time.Millisecond))
	}
	flush, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	return report.Messages, b.Flush(flush)
}

// watcher is a subscriber to the daemon's outputs.
type watcher struct {
	bus  *bus.Bus
	subs []*bus.Subscription

	mu     sync.Mutex
	lists  []*fusionv1.ObjectList
	health *fusionv1.Health
	count  uint64        // of messages
	news   chan struct{} // 1 slot: a message came
	err    error
}

func watch(ctx context.Context, url, vehicle string, log *slog.Logger) (*watcher, error) {
	b, err := bus.Open(ctx, bus.Config{URL: url}, log)
	if err != nil {
		return nil, err
	}
	w := &watcher{bus: b, news: make(chan struct{}, 1)}
	for _, subject := range []bus.Subject{bus.ObjectsSubject(vehicle), bus.ManifestSubject(vehicle), bus.HealthSubject(vehicle)} {
		s, err := b.Subscribe(subject.String(), w.take)
		if err != nil {
			return nil, errors.Join(err, b.Close())
		}
		w.subs = append(w.subs, s)
	}
	return w, nil
}

// take counts a message and keeps what it says; manifests come inside the lists, too.
func (w *watcher) take(m *bus.Message) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.count++
	var err error
	if m.Kind == bus.KindObjects {
		l := &fusionv1.ObjectList{}
		if err = proto.Unmarshal(m.Data, l); err == nil {
			w.lists = append(w.lists, l)
		}
	} else if m.Kind == bus.KindHealth {
		h := &fusionv1.Health{}
		if err = proto.Unmarshal(m.Data, h); err == nil {
			w.health = h
		}
	}
	if err != nil {
		w.err = errors.Join(w.err, fmt.Errorf("read %s: %w", m.Subject, err))
	}
	select {
	case w.news <- struct{}{}:
	default:
	}
}

// waitFor waits until all that the daemon published has come.
func (w *watcher) waitFor(published uint64, limit time.Duration) error {
	deadline := time.After(limit)
	for {
		w.mu.Lock()
		count := w.count
		w.mu.Unlock()
		if count >= published {
			return nil
		}
		select {
		case <-w.news:
		case <-deadline:
			return loss("%d of %d messages that the daemon published came to the subscriber", count, published)
		}
	}
}

func (w *watcher) close() error {
	w.mu.Lock()
	err := w.err
	w.mu.Unlock()
	return errors.Join(err, w.bus.Close())
}
