package pipeline

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/fusiond/fusiond/encoders"
	"github.com/fusiond/fusiond/fusion"
	"github.com/fusiond/fusiond/internal/bus"
	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/replay"
	"github.com/fusiond/fusiond/replay/nuscenes"
	"github.com/fusiond/fusiond/sensors"
	timesync "github.com/fusiond/fusiond/sync"
)

// benchSeconds of a drive are used.
const benchSeconds = 4

// benchDrive is what a drive's sensors sent.
type benchDrive struct {
	opt      Options
	messages []Message
	seconds  float64
}

// eachDrive runs f on the made drive, and on the real one that FUSIOND_DRIVE names.
func eachDrive(b *testing.B, f func(b *testing.B, d *benchDrive)) {
	b.Run("made", func(b *testing.B) {
		made := newMadeDrive(b)
		made.drive(start, start, 0, 10*benchSeconds)
		f(b, newBenchDrive(b, testOptions(b), made.messages))
	})
	b.Run("real", func(b *testing.B) {
		folder := os.Getenv("FUSIOND_DRIVE")
		if folder == "" {
			b.Skip("SKIP: FUSIOND_DRIVE is not set: name the folder of the real drive in nuScenes' layout")
		}
		file := filepath.Join(b.TempDir(), "drive.mcap")
		if _, err := nuscenes.Import(context.Background(), nuscenes.Config{Folder: folder, Out: file}); err != nil {
			b.Fatal(err)
		}
		opt := testOptions(b)
		messages, rig := readDrive(b, file)
		opt.Rig, opt.Align = rig, timesync.ConfigFromRig(rig)
		f(b, newBenchDrive(b, opt, messages))
	})
}

func newBenchDrive(b *testing.B, opt Options, messages []Message) *benchDrive {
	b.Helper()
	if len(messages) == 0 {
		b.Fatal("the drive is empty")
	}
	return &benchDrive{opt: opt, messages: messages, seconds: messages[len(messages)-1].Received.Sub(messages[0].Received).Seconds()}
}

func readDrive(b *testing.B, file string) (messages []Message, rig *sensors.Rig) {
	b.Helper()
	r, err := replay.Open(file)
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := r.Close(); err != nil {
			b.Error(err)
		}
	}()
	if rig, err = r.Rig(); err != nil {
		b.Fatal(err)
	}
	first, _ := r.Range()
	for m, err := range r.Messages(replay.Options{To: first.Add(benchSeconds * time.Second), Inputs: true, Retain: true}) {
		if err != nil {
			b.Fatal(err)
		}
		topic := replay.ParseTopic(m.Topic)
		messages = append(messages, Message{Sensor: topic.Sensor, Modality: topic.Modality, Received: m.Received, Data: m.Data})
	}
	return messages, rig
}

func (d *benchDrive) open(b *testing.B, opt Options) *Engine {
	b.Helper()
	e, err := New(opt)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := e.Close(); err != nil {
			b.Error(err)
		}
	})
	return e
}

// BenchmarkEventTime processes a drive from messages to serialised outputs; one operation is the whole drive.
func BenchmarkEventTime(b *testing.B) {
	eachDrive(b, func(b *testing.B, d *benchDrive) {
		opt := d.opt
		sets, runs := 0, 0
		var buf []byte
		opt.Sink = func(o Output) {
			var err error
			if _, buf, err = o.AppendPayload(buf[:0]); err != nil {
				b.Error(err)
			}
			if o.Name == ObjectsOutput {
				sets++
			}
		}
		b.ReportAllocs()
		for b.Loop() {
			b.StopTimer()
			e, err := New(opt)
			if err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
			for _, m := range d.messages {
				e.Message(m)
			}
			e.Flush()
			b.StopTimer()
			if err := e.Close(); err != nil {
				b.Fatal(err)
			}
			runs++
			b.StartTimer()
		}
		b.ReportMetric(b.Elapsed().Seconds()*1e3/float64(sets), "ms/set")
		b.ReportMetric(d.seconds*float64(runs)/b.Elapsed().Seconds(), "x-real-time")
	})
}

// recordingStrategy keeps a copy of each output.
type recordingStrategy struct {
	fusion.Strategy
	outputs []*fusion.Output
}

func (s *recordingStrategy) Fuse(ctx context.Context, in *fusion.Input) (*fusion.Output, error) {
	out, err := s.Strategy.Fuse(ctx, in)
	if err == nil {
		s.outputs = append(s.outputs, &fusion.Output{
			Heat: slices.Clone(out.Heat), Reg: slices.Clone(out.Reg), Mass: slices.Clone(out.Mass), Attention: slices.Clone(out.Attention),
		})
	}
	return out, err
}

// benchStages is a drive that has gone through an Engine once, with what its stages were given.
type benchStages struct {
	*benchDrive
	engine  *Engine
	outputs []*fusion.Output
	lists   []*fusionv1.ObjectList // of the same sets
}

func newBenchStages(b *testing.B, d *benchDrive) *benchStages {
	s := &benchStages{benchDrive: d}
	opt := d.opt
	opt.HealthNs = 0
	opt.Sink = func(o Output) {
		l, ok := o.Message.(*fusionv1.ObjectList)
		if ok && slices.ContainsFunc(l.Modalities, func(m *fusionv1.ModalityState) bool { return m.Present }) {
			s.lists = append(s.lists, l)
		}
	}
	s.engine = d.open(b, opt)
	recorder := &recordingStrategy{Strategy: s.engine.fuse.strategy}
	s.engine.fuse.strategy = recorder
	for _, m := range d.messages {
		s.engine.Message(m)
	}
	s.engine.Flush()
	if s.outputs = recorder.outputs; len(s.outputs) == 0 || len(s.outputs) != len(s.lists) {
		b.Fatalf("%d outputs of %d sets", len(s.outputs), len(s.lists))
	}
	return s
}

// BenchmarkStage measures each stage but the networks on its own; one operation is one set's worth of it. "parse" and "align" are
// averages over the drive's messages, "publish" makes, serialises and hands both messages to an in-process server.
func BenchmarkStage(b *testing.B) {
	eachDrive(b, func(b *testing.B, d *benchDrive) {
		s := newBenchStages(b, d)
		b.Run("parse", s.parse)
		b.Run("align", s.align)
		b.Run("decode-cameras", s.cameras)
		b.Run("sweep", s.sweeps)
		b.Run("lift", s.lift)
		b.Run("boxes", s.boxes)
		b.Run("track", s.track)
		b.Run("publish", s.publish)
	})
}

func (s *benchStages) samples(b *testing.B) (out []sensors.Sample) {
	b.Helper()
	for i, m := range s.messages {
		sample, err := sensors.Parse(m.Modality, m.Data, sensors.Meta{
			Sensor: m.Sensor, Modality: m.Modality, Seq: uint64(i + 1), Received: m.Received, //nolint:gosec // not negative
		})
		if err != nil {
			b.Fatal(err)
		}
		out = append(out, sample)
	}
	return out
}

func (s *benchStages) parse(b *testing.B) {
	b.ReportAllocs()
	for done := 0; done < b.N; done += len(s.lists) {
		s.samples(b)
	}
}

func (s *benchStages) align(b *testing.B) {
	var headers []timesync.Header
	for i, sample := range s.samples(b) {
		if m := sample.Head(); m.Modality != sensors.Ego {
			headers = append(headers, timesync.Header{
				Stream: s.engine.byName[m.Sensor], Seq: uint64(i + 1), Stamp: m.Stamp, Received: m.Received, //nolint:gosec // not negative
			})
		}
	}
	b.ReportAllocs()
	b.ResetTimer()
	for done := 0; done < b.N; done += len(s.lists) {
		a, err := timesync.New(s.opt.Align)
		if err != nil {
			b.Fatal(err)
		}
		for _, h := range headers {
			a.Add(h, discardSets{})
		}
	}
}

type discardSets struct{}

func (discardSets) Closed(*timesync.Set)            {}
func (discardSets) Left(int, uint64, timesync.Fate) {}

// cameras decodes one picture of every camera an operation.
func (s *benchStages) cameras(b *testing.B) {
	frames := map[sensors.SensorID][]*sensors.CameraFrame{}
	for _, sample := range s.samples(b) {
		if f, ok := sample.(*sensors.CameraFrame); ok {
			frames[f.Sensor] = append(frames[f.Sensor], f)
		}
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		for index, p := range s.engine.stage.cameras {
			if p == nil {
				continue
			}
			of := frames[s.engine.streams[index].Name]
			if err := p.Process(of[i%len(of)], s.engine.stage.picture); err != nil {
				b.Fatal(err)
			}
		}
		i++
	}
}

// sweeps reads, deskews and rasters one sweep of the first lidar.
func (s *benchStages) sweeps(b *testing.B) {
	lidar := slices.IndexFunc(s.engine.streams, func(st stream) bool { return st.Modality == sensors.Lidar })
	var clouds []*sensors.PointCloud
	for _, sample := range s.samples(b) {
		if c, ok := sample.(*sensors.PointCloud); ok && c.Sensor == s.engine.streams[lidar].Name {
			clouds = append(clouds, c)
		}
	}
	raster := encoders.NewLidarRaster(s.opt.Package.BEV(), s.opt.Package.Encoders.Lidar)
	dst := make([]float32, raster.Size())
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if err := s.engine.lidarJob(lidar, clouds[i%len(clouds)]).decode(context.Background()); err != nil {
			b.Fatal(err)
		}
		raster.Fill(dst, s.engine.stage.points)
		i++
	}
}

func (s *benchStages) lift(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		s.engine.fuse.lift.Build(s.engine.fuse.poses)
	}
}

func (s *benchStages) detections(i int) []fusion.Detection {
	f, out := s.engine.fuse, s.outputs[i%len(s.outputs)]
	return f.decoder.Detections(out, f.groups)
}

func (s *benchStages) boxes(b *testing.B) {
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		s.detections(i)
		i++
	}
}

// planOf gives the part of a set's plan that tracking and publishing read.
func (s *benchStages) planOf(b *testing.B, i int) *plan {
	b.Helper()
	l := s.lists[i%len(s.lists)]
	pose, ok := sensors.PoseFromProto(l.LocalFromEgo)
	if !ok {
		b.Fatalf("set %d has no pose", l.SetId)
	}
	p := &plan{manifest: l.Manifest, stamp: sensors.StampNs(l.Header.Stamp), localFromEgo: pose}
	for _, m := range l.Modalities {
		if m.Present {
			p.here[m.Modality-fusionv1.Modality_MODALITY_LIDAR]++ // only whether there is any matters here
		}
	}
	return p
}

func (s *benchStages) track(b *testing.B) {
	plans, dets := make([]*plan, len(s.lists)), make([][]fusion.Detection, len(s.lists))
	for i := range plans {
		plans[i], dets[i] = s.planOf(b, i), slices.Clone(s.detections(i))
		for k := range dets[i] {
			dets[i][k].Scores = slices.Clone(dets[i][k].Scores)
		}
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		p := plans[i%len(plans)] // from the end back to the start all tracks end
		s.engine.fuse.tracker.Update(p.stamp, p.localFromEgo, dets[i%len(plans)])
		i++
	}
}

func (s *benchStages) publish(b *testing.B) {
	ctx, cancel := context.WithTimeout(context.Background(), testLimit)
	defer cancel()
	log := slog.New(slog.DiscardHandler)
	nats, err := bus.Open(ctx, bus.Config{Embedded: bus.EmbeddedInProcess}, log)
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := nats.Close(); err != nil {
			b.Error(err)
		}
	}()
	f := s.engine.fuse
	f.engine.opt.Sink = BusSink(nats, "made", log, nil)
	var objects int
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		b.StopTimer()
		p, out := s.planOf(b, i), s.outputs[i%len(s.outputs)]
		f.evidence.Attention = out.Attention
		tracks := f.tracker.Update(p.stamp, p.localFromEgo, s.detections(i))
		b.StartTimer()
		f.publish(p, newStopwatch(f.engine.clock), tracks, out)
		objects += len(tracks)
	}
	b.ReportMetric(float64(objects)/float64(b.N), "objects/set")
}
