package nuscenes

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/fusiond/fusiond/replay"
	"github.com/fusiond/fusiond/replay/foxglove"
	"github.com/fusiond/fusiond/sensors"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
)

// plan is a scene turned into a list of messages to be made when their turn comes.
type plan struct {
	c        Config
	rig      *sensors.Rig
	channels []*channel
	events   []event
	report   *SceneReport
	seq      map[string]uint32
	buf      []byte
}

// event is a message to be made. A nil message without an error is left out: the report has the reason.
type event struct {
	topic           string
	stamp, received sensors.StampNs
	make            func() (proto.Message, error)
}

func planScene(c Config, d *drive, s *scene) (*plan, error) {
	p := &plan{c: c, seq: map[string]uint32{}, report: &SceneReport{
		Scene: s.row.Name, Vehicle: replay.Token(cmp.Or(c.Vehicle, s.row.Name)), Samples: len(s.samples),
		Problems: []Problem{}, Notes: []string{},
	}}
	var unknown []string
	p.channels, unknown = d.channels(s)
	if len(p.channels) == 0 {
		return nil, errors.New("table sample_data names no file of a lidar, radar or camera")
	}
	for _, u := range unknown {
		p.report.note("sensor %s has a modality that is not known: left out", u)
	}
	for _, a := range d.absent {
		p.report.note("table %s.json is missing", strings.TrimSuffix(a, ".json"))
	}
	p.checkChains(s)
	revision := cmp.Or(s.log.Date, "1")
	var err error
	if p.rig, err = makeRig(p.report.Vehicle, revision, cmp.Or(c.Body, DefaultBody), p.channels, p.imageSize); err != nil {
		return nil, err
	}
	p.report.RigHash = p.rig.Hash()
	track := newEgoTrack(p.egoPoses(d))
	if len(track.given) == 0 {
		return nil, errors.New("table ego_pose has none of the poses that the scene's files name")
	}
	p.planEgo(track)
	for i, ch := range p.channels {
		p.report.Streams = append(p.report.Streams, StreamReport{
			Sensor: string(ch.sensor), Modality: ch.modality.String(), RateHz: p.rig.Sensors[i].RateHz,
			Rows: len(ch.rows) + ch.repeated, Repeated: ch.repeated,
		})
		if ch.variants > 0 {
			p.report.note("%s: %d files name another calibration than the first, which is used", ch.name, ch.variants)
		}
	}
	for i := range p.channels {
		p.planChannel(i)
	}
	p.planTruth(d, s, track)
	slices.SortStableFunc(p.events, func(a, b event) int {
		return cmp.Or(cmp.Compare(a.received, b.received), strings.Compare(a.topic, b.topic), cmp.Compare(a.stamp, b.stamp))
	})
	return p, nil
}

// checkChains notes links of the prev/next chains that lead nowhere.
func (p *plan) checkChains(s *scene) {
	data, samples := map[string]bool{"": true}, map[string]bool{"": true}
	for _, r := range s.data {
		data[r.Token] = true
	}
	for _, r := range s.samples {
		samples[r.Token] = true
	}
	broken := 0
	for _, r := range s.data {
		broken += boolInt(!data[r.Prev]) + boolInt(!data[r.Next])
	}
	for _, r := range s.samples {
		broken += boolInt(!samples[r.Prev]) + boolInt(!samples[r.Next])
	}
	for _, a := range s.byToken {
		broken += boolInt(a.Prev != "" && s.byToken[a.Prev] == nil) + boolInt(a.Next != "" && s.byToken[a.Next] == nil)
	}
	if broken > 0 {
		p.report.note("%d links of prev/next chains lead to rows that are not there", broken)
	}
	if s.row.Samples != 0 && s.row.Samples != len(s.samples) {
		p.report.note("the scene says %d samples, the table has %d", s.row.Samples, len(s.samples))
	}
}

// egoPoses lists the poses that the scene's files name, those of the main sensor first: they win at equal times.
func (p *plan) egoPoses(d *drive) []egoPose {
	var out []egoPose
	lost := 0
	for _, ch := range p.channels {
		for _, r := range ch.rows {
			pose, ok := d.poses[r.EgoPose]
			if !ok {
				lost++
				continue
			}
			out = append(out, pose)
		}
	}
	if lost > 0 {
		p.report.note("%d ego poses that files name are missing", lost)
	}
	return out
}

func (p *plan) add(topic, arrival string, stamp sensors.StampNs, f func() (proto.Message, error)) {
	p.events = append(p.events, event{topic: topic, stamp: stamp, received: stamp.Add(Arrival[arrival]), make: f})
}

func (p *plan) planEgo(track *egoTrack) {
	topic := replay.EgoTopic(p.report.Vehicle)
	p.report.EgoGiven = len(track.given)
	states := track.states()
	p.report.EgoBetween = len(states) - len(track.given)
	transforms := foxglove.NewTransforms(p.rig)
	for _, s := range states {
		p.add(topic, "ego", s.stamp, func() (proto.Message, error) { return track.message(s), nil })
		p.add(foxglove.TransformTopic, "ego", s.stamp, func() (proto.Message, error) {
			m, _ := transforms.Update(s.stamp, s.globalFromEgo.Proto()) // a pose is always something to say
			return m, nil
		})
	}
}

func (p *plan) planTruth(d *drive, s *scene, track *egoTrack) {
	if len(s.byToken) == 0 {
		return
	}
	keyFrames := map[string]*dataRow{}
	if main := p.channels[0]; main.modality == sensors.Lidar {
		for i := range main.rows {
			if r := &main.rows[i]; r.KeyFrame {
				keyFrames[r.Sample] = r
			}
		}
	}
	times := map[string]int64{}
	for _, x := range s.samples {
		times[x.Token] = x.Timestamp
	}
	topic := replay.TruthTopic(p.report.Vehicle)
	var scene foxglove.Scene
	unplaced := 0
	for _, x := range s.samples {
		at, ok := truthPose(x, keyFrames[x.Token], d.poses, track)
		if !ok {
			unplaced++
		}
		frame, moving := d.truthFrame(s, x, at, times)
		p.report.TruthFrames++
		p.report.Boxes += len(frame.GetObjects())
		p.report.BikeRacks += len(frame.GetBikeRacks())
		p.report.WithVelocity += moving
		p.add(topic, "truth", at.stamp, func() (proto.Message, error) { return frame, nil })
		p.add(foxglove.TruthTopic, "truth", at.stamp, func() (proto.Message, error) {
			return scene.Update(at.stamp, foxglove.TruthEntities(frame)), nil
		})
	}
	if unplaced > 0 {
		p.report.note("%d samples lie outside the ego motion: their ground truth uses the nearest pose", unplaced)
	}
}

// planChannel adds a sensor's files. The copies for viewers are made from the same file read again.
func (p *plan) planChannel(i int) {
	ch := p.channels[i]
	topic := replay.SensorTopic(p.report.Vehicle, ch.modality, ch.sensor)
	for _, r := range ch.rows {
		stamp := stampOf(r.Timestamp)
		p.add(topic, ch.modality.String(), stamp, func() (proto.Message, error) { return p.open(i, r, true) })
		if !p.c.Foxglove || ch.modality == sensors.Radar {
			continue
		}
		p.add(foxglove.SensorTopic(ch.modality, ch.sensor), ch.modality.String(), stamp, func() (proto.Message, error) {
			m, err := p.open(i, r, false)
			switch m := m.(type) {
			case *fusionv1.CameraFrame:
				if image, ok := foxglove.CompressedImage(m); ok {
					return image, err
				}
			case *fusionv1.PointCloud:
				return foxglove.PointCloud(m), err
			}
			return nil, err
		})
	}
}

// write makes the messages in order and numbers those of each topic from 1.
func (p *plan) write(ctx context.Context, w *replay.Writer) error {
	for i, e := range p.events {
		if err := ctx.Err(); err != nil {
			return err
		}
		m, err := e.make()
		if err != nil {
			return err
		}
		if m != nil {
			if err := p.emit(w, e, m); err != nil {
				return err
			}
		}
		if p.c.Progress != nil && (i%64 == 0 || i+1 == len(p.events)) {
			p.c.Progress(p.report.Scene, i+1, len(p.events))
		}
	}
	written := 0
	for _, s := range p.report.Streams {
		written += s.Written
	}
	if written == 0 {
		first := "none"
		if len(p.report.Problems) > 0 {
			first = fmt.Sprintf("%s: %s", p.report.Problems[0].File, p.report.Problems[0].Reason)
		}
		return fmt.Errorf("not one file of the scene can be used (first: %s): unpack samples and sweeps into %s", first, p.c.Folder)
	}
	return nil
}

func (p *plan) emit(w *replay.Writer, e event, m proto.Message) error {
	var err error
	if p.buf, err = (proto.MarshalOptions{Deterministic: true}).MarshalAppend(p.buf[:0], m); err != nil {
		return fmt.Errorf("encode %s: %w", e.topic, err)
	}
	p.seq[e.topic]++
	p.report.Messages++
	return w.Write(replay.Message{
		Topic: e.topic, Schema: string(m.ProtoReflect().Descriptor().FullName()), Stamp: e.stamp, Received: e.received,
		Seq: p.seq[e.topic], Data: p.buf,
	})
}
