package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/fusiond/fusiond/encoders"
	"github.com/fusiond/fusiond/fusion"
	"github.com/fusiond/fusiond/internal/bus"
	"github.com/fusiond/fusiond/internal/config"
	"github.com/fusiond/fusiond/internal/onnx"
	"github.com/fusiond/fusiond/internal/pipeline"
	"github.com/fusiond/fusiond/internal/telemetry"
	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/replay"
	"github.com/fusiond/fusiond/sensors"
	timesync "github.com/fusiond/fusiond/sync"
)

// parts is what a configuration names, loaded and checked against each other.
type parts struct {
	config  *config.Config
	vehicle string
	rig     *sensors.Rig
	pack    *encoders.Package
	align   timesync.Config
	network encoders.Options
}

// loadParts loads rig and model package of a configuration; paths are relative to dir. Every fault is reported at once.
func loadParts(c *config.Config, dir string) (*parts, error) {
	at := func(path string) string {
		if filepath.IsAbs(path) {
			return path
		}
		return filepath.Join(dir, path)
	}
	rig, rigErr := sensors.LoadRig(at(c.Rig))
	pack, packErr := encoders.LoadPackage(at(c.Model.Package))
	provider, providerErr := onnx.ParseProvider(c.Model.Provider)
	if err := errors.Join(rigErr, packErr, providerErr); err != nil {
		return nil, err
	}
	return assemble(c, rig, pack, provider)
}

// assemble puts parts together that are loaded already.
func assemble(c *config.Config, rig *sensors.Rig, pack *encoders.Package, provider onnx.Provider) (*parts, error) {
	p := &parts{config: c, vehicle: c.Vehicle, rig: rig, pack: pack}
	if p.vehicle == "" {
		p.vehicle = rig.Vehicle
	}
	p.network = encoders.Options{Provider: provider, Threads: c.Model.Threads, ProviderOptions: map[onnx.ProviderKind]map[string]string{}}
	for kind, options := range c.Model.Options {
		p.network.ProviderOptions[onnx.ProviderKind(kind)] = options
	}
	var errs []error
	if err := bus.CheckToken(p.vehicle); err != nil {
		errs = append(errs, fmt.Errorf("vehicle: %w", err))
	}
	if _, ok := pack.Fusers[c.Model.Strategy]; !ok {
		errs = append(errs, fmt.Errorf("model.strategy: package %s has no fuser %q", pack.Dir, c.Model.Strategy))
	}
	if n, slots := len(rig.Of(sensors.Camera)), pack.Encoders.Camera.Slots; n > slots {
		errs = append(errs, fmt.Errorf("rig %s has %d cameras, the model takes %d: remove cameras from the rig or use another model", rig.Vehicle, n, slots))
	}
	var err error
	if p.align, err = alignConfig(c, rig); err != nil {
		errs = append(errs, err)
	}
	return p, errors.Join(errs...)
}

// alignConfig applies the configuration to what the rig implies.
func alignConfig(c *config.Config, rig *sensors.Rig) (timesync.Config, error) {
	a := timesync.ConfigFromRig(rig)
	a.MaxWait = time.Duration(c.Align.MaxWait)
	if len(c.Align.References) > 0 {
		a.References = nil
		for _, r := range c.Align.References {
			a.References = append(a.References, sensors.SensorID(r))
		}
	}
	var errs []error
	for name, s := range c.Align.Streams {
		found := false
		for i := range a.Streams {
			st := &a.Streams[i]
			if string(st.Sensor) != name {
				continue
			}
			found, st.Disabled = true, s.Disabled
			st.Tolerance, st.MaxAge, st.Jitter = time.Duration(s.Tolerance), time.Duration(s.MaxAge), time.Duration(s.Jitter)
		}
		if !found {
			errs = append(errs, fmt.Errorf("align.streams.%s: rig %s has no such sensor", name, rig.Vehicle))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return a, err
	}
	_, err := timesync.New(a)
	return a, err
}

// daemon is a running fusiond: bus, engine, metrics, recorder.
type daemon struct {
	parts    *parts
	log      *slog.Logger
	bus      *bus.Bus
	runtime  *onnx.Runtime
	ingest   *bus.Ingest
	engine   *pipeline.Engine
	debug    *pipeline.BusDebug
	metrics  *telemetry.Metrics
	server   *telemetry.Server
	recorder *replay.Recorder
	// recordingEnded says that the end of the recording was logged.
	recordingEnded bool
}

func now() int64 { return time.Now().UnixNano() }

// startDaemon opens everything that the parts need; after an error nothing is left open.
func startDaemon(ctx context.Context, p *parts, log *slog.Logger) (_ *daemon, err error) {
	d := &daemon{parts: p, log: log, metrics: telemetry.New()}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.close())
		}
	}()
	c := p.config
	if d.runtime, err = openRuntime(c.Model.Library); err != nil {
		return nil, err
	}
	if d.bus, err = bus.Open(ctx, busConfig(&c.NATS), log); err != nil {
		return nil, err
	}
	if err = d.bus.CheckMaxPayload(); err != nil {
		log.Warn("the server takes only small messages", "error", err)
	}
	if c.Record.File != "" {
		if _, err := os.Stat(c.Record.File); err == nil {
			return nil, fmt.Errorf("record.file: %s exists already: name a file that does not, or move it away", c.Record.File)
		}
		w, err := replay.Create(c.Record.File, replay.WriterOptions{
			Rig: p.rig, Source: "fusiond run", Metadata: map[string]string{"model": p.pack.Hash, "strategy": c.Model.Strategy},
		})
		if err != nil {
			return nil, err
		}
		d.recorder = replay.NewRecorder(w, replay.RecorderOptions{})
	}
	if c.Metrics.Listen != "" {
		if d.server, err = d.metrics.Serve(c.Metrics.Listen); err != nil {
			return nil, err
		}
		log.Info("metrics", "address", "http://"+d.server.Addr()+"/metrics")
	}
	d.ingest, err = d.bus.NewIngest(bus.IngestConfig{
		Vehicle: p.vehicle, Streams: pipeline.InputSubjects(p.vehicle, p.rig), Clock: now,
	})
	if err != nil {
		return nil, err
	}
	if d.debug, err = pipeline.NewBusDebug(d.bus, p.vehicle, now, log); err != nil {
		return nil, err
	}
	d.engine, err = pipeline.New(d.options())
	return d, err
}

func busConfig(c *config.NATS) bus.Config {
	listen := c.Listen
	if c.Embedded != bus.EmbeddedListen {
		listen = "" // its default stands there whether it is meant or not
	}
	return bus.Config{
		URL: c.URL, Embedded: c.Embedded, Listen: listen, CredentialsFile: c.Credentials, NKeySeedFile: c.NKeySeed,
		TLS: bus.TLS{CA: c.TLS.CA, Cert: c.TLS.Cert, Key: c.TLS.Key},
	}
}

func decodeConfig(c *config.Fusion) fusion.DecodeConfig {
	return fusion.DecodeConfig{MinScore: c.MinScore, MaxPeaks: c.MaxPeaks, OverlapIoU: c.OverlapIoU}
}

func (d *daemon) options() pipeline.Options {
	p, c := d.parts, d.parts.config
	var tap func(replay.Message)
	if d.recorder != nil {
		tap = func(m replay.Message) { d.recorder.Record(m) }
	}
	publish := pipeline.BusSink(d.bus, p.vehicle, d.log, tap)
	return pipeline.Options{
		Rig: p.rig, Package: p.pack, Runtime: d.runtime, Align: p.align, Strategy: c.Model.Strategy, Network: p.network,
		Decode:     decodeConfig(&c.Fusion),
		ValidityNs: int64(c.Fusion.Validity), HealthNs: int64(c.Health.Period), Clock: now, Version: version, Log: d.log,
		Upstream: pipeline.Upstream(d.bus, d.ingest), Debug: d.debug,
		Sink: func(o pipeline.Output) {
			switch m := o.Message.(type) {
			case *fusionv1.Health:
				m.ResidentBytes = residentBytes()
				d.recorderHealth(m)
				d.metrics.Health(m)
			case *fusionv1.ObjectList:
				d.metrics.Objects(m)
			}
			publish(o)
		},
	}
}

// recorderHealth adds the recorder to the stages of health, and logs once when the recording has ended early.
func (d *daemon) recorderHealth(m *fusionv1.Health) {
	if d.recorder == nil {
		return
	}
	h := d.recorder.Health()
	stage := &fusionv1.StageHealth{Stage: "record", Runs: h.Written, Errors: h.Overflow + h.Refused + h.AfterEnd + h.Lost}
	if err := cmp.Or(h.Err, h.LastRefusal); err != nil {
		stage.LastError = err.Error()
	}
	if h.Err != nil && !d.recordingEnded {
		d.recordingEnded = true
		d.log.Error("the recording has ended early; perception goes on", "state", h.State, "error", h.Err)
	}
	m.Stages = append(m.Stages, stage)
}

// run works until ctx ends, then takes what has arrived and publishes what is open. close must follow.
func (d *daemon) run(ctx context.Context) (err error) {
	strategy := d.newStrategyControl()
	control, err := d.bus.NewControl(d.parts.vehicle, map[string]string{"fusiond": version, "model": d.parts.pack.Label()}, strategy.endpoint())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, control.Close()) }()
	d.log.Info("running", "vehicle", d.parts.vehicle, "model", d.parts.pack.Label(), "strategy", d.parts.config.Model.Strategy,
		"nats", d.bus.ClientURL())
	var tap func(bus.Message)
	if d.recorder != nil {
		tap = d.tapInput
	}
	pipeline.Live(ctx, d.ingest, d.engine, now, tap, func(m bus.Message) {
		strategy.take(m)
		d.log.Info("strategy changed", "strategy", d.engine.Strategy())
	})
	close(strategy.ended)
	flush, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return d.bus.Flush(flush)
}

// tapInput records a message as it arrived. Its stamp is the arrival when the header cannot be read: such a message is kept for inspection.
func (d *daemon) tapInput(m bus.Message) {
	stamp, err := sensors.PeekStamp(m.Data)
	if err != nil {
		stamp = sensors.StampNs(m.Received)
	}
	d.recorder.Record(replay.Message{
		Topic: m.Subject, Schema: cmp.Or(m.Kind.Schema(), m.Schema), Stamp: stamp, Received: sensors.StampNs(m.Received),
		Seq: uint32(m.Seq), Data: m.Data, //nolint:gosec // recordings number modulo 2^32
	})
}

func (d *daemon) close() error {
	var errs []error
	if d.engine != nil {
		errs = append(errs, d.engine.Close())
	}
	if d.debug != nil {
		errs = append(errs, d.debug.Close())
	}
	if d.ingest != nil {
		errs = append(errs, d.ingest.Close())
	}
	if d.recorder != nil {
		if err := d.recorder.Close(); err != nil {
			errs = append(errs, &exitError{exitLoss, err})
		}
		d.log.Info("recording", "account", d.recorder.Health().String())
	}
	if d.server != nil {
		errs = append(errs, d.server.Close())
	}
	if d.bus != nil {
		errs = append(errs, d.bus.Close())
	}
	if d.runtime != nil {
		errs = append(errs, d.runtime.Close())
	}
	return errors.Join(errs...)
}

// residentBytes reads the process's resident memory; 0 where the system does not tell.
func residentBytes() uint64 {
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	var size, resident uint64
	if _, err := fmt.Sscan(string(data), &size, &resident); err != nil {
		return 0
	}
	return resident * uint64(os.Getpagesize()) //nolint:gosec // a page size
}

func newLogger(w io.Writer, c config.Log) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.Level)); err != nil {
		level = slog.LevelInfo // the configuration was validated
	}
	o := &slog.HandlerOptions{Level: level}
	if c.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}
