package nuscenes

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/fusiond/fusiond/replay"
	"github.com/fusiond/fusiond/sensors"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
)

// maxFileBytes bounds a sensor's file: a message must fit on the bus.
const maxFileBytes = 64 << 20

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
	var mounts sensors.StampNs
	for _, s := range states {
		p.add(topic, "ego", s.stamp, func() (proto.Message, error) { return track.message(s), nil })
		withMounts := mounts == 0 || s.stamp-mounts >= mountsEvery
		if withMounts {
			mounts = s.stamp
		}
		p.add(transformTopic, "ego", s.stamp, func() (proto.Message, error) { return transforms(s.egoPose, p.rig, withMounts), nil })
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
		p.add(truthTopic, "truth", at.stamp, func() (proto.Message, error) { return truthScene(frame), nil })
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
		p.add("/"+ch.modality.String()+"/"+string(ch.sensor), ch.modality.String(), stamp, func() (proto.Message, error) {
			m, err := p.open(i, r, false)
			switch m := m.(type) {
			case *fusionv1.CameraFrame:
				return compressedImage(m), err
			case *fusionv1.PointCloud:
				return pointCloud(m), err
			}
			return nil, err
		})
	}
}

// open makes the message of a file. Files that are missing or damaged give nil and, when counting, go into the report.
func (p *plan) open(i int, r dataRow, count bool) (proto.Message, error) {
	ch, st := p.channels[i], &p.report.Streams[i]
	m, err := p.parse(ch, p.rig.Sensors[i].RateHz, r, count)
	switch {
	case err == nil:
		st.Written += boolInt(count)
		return m, nil
	case errors.Is(err, fs.ErrNotExist):
		if count {
			st.Missing++
			p.report.problem(r.Filename, "missing")
		}
		return nil, nil //nolint:nilnil // documented
	}
	var damaged *fileError
	if !errors.As(err, &damaged) {
		return nil, err
	}
	if count {
		st.Damaged++
		p.report.problem(r.Filename, damaged.Error())
	}
	return nil, nil //nolint:nilnil // documented
}

// fileError is a fault of one file's content; other errors (no permission, a failing disk) end the import.
type fileError struct{ err error }

func (e *fileError) Error() string { return e.err.Error() }
func (e *fileError) Unwrap() error { return e.err }

func (p *plan) parse(ch *channel, rateHz float64, r dataRow, count bool) (proto.Message, error) {
	file, err := p.read(r.Filename)
	if err != nil {
		return nil, err
	}
	header := &fusionv1.Header{Stamp: int64(stampOf(r.Timestamp)), Sensor: string(ch.sensor)}
	var m proto.Message
	switch ch.modality {
	case sensors.Camera:
		m, err = makeFrame(header, file, r.Width, r.Height)
	case sensors.Radar:
		m, err = makeScan(header, file)
	case sensors.Lidar:
		m, err = p.parseSweep(ch, rateHz, r, file, count)
	default:
		err = fmt.Errorf("modality %s has no files", ch.modality)
	}
	if err != nil {
		return nil, &fileError{err}
	}
	return m, nil
}

func (p *plan) parseSweep(ch *channel, rateHz float64, r dataRow, file []byte, count bool) (proto.Message, error) {
	at := sweepTiming{stamp: stampOf(r.Timestamp), period: sensors.StampNs(1e9 / rateHz)}
	times, err := p.read(timesName(r.Filename))
	hasTimes := err == nil
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	deskewed := p.c.Deskewed == DeskewYes || p.c.Deskewed == DeskewByTimes && hasTimes
	if !hasTimes {
		return makeCloud(string(ch.sensor), file, nil, at, deskewed)
	}
	cloud, err := makeCloud(string(ch.sensor), file, times, at, deskewed)
	if err == nil {
		return cloud, nil
	}
	// A sweep whose times are damaged is still a sweep.
	plain, plainErr := makeCloud(string(ch.sensor), file, nil, at, deskewed)
	if plainErr != nil {
		return nil, plainErr
	}
	if count {
		p.report.problem(timesName(r.Filename), err.Error()+": imported without times")
	}
	return plain, nil
}

// read reads a file of the folder; names that lead out of it are refused.
func (p *plan) read(name string) ([]byte, error) {
	local := filepath.FromSlash(name)
	if !filepath.IsLocal(local) {
		return nil, &fileError{fmt.Errorf("its name leads out of the folder")}
	}
	f, err := os.Open(filepath.Join(p.c.Folder, local)) //nolint:gosec // inside the folder
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // only read
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() {
		return nil, &fileError{errors.New("it is not a regular file")}
	}
	if st.Size() > maxFileBytes {
		return nil, &fileError{fmt.Errorf("%d bytes are more than the limit of %d", st.Size(), maxFileBytes)}
	}
	var b bytes.Buffer
	b.Grow(int(st.Size()) + bytes.MinRead)
	_, err = b.ReadFrom(io.LimitReader(f, maxFileBytes))
	return b.Bytes(), err
}

// imageSize takes the table's size, or that of the first image there is.
func (p *plan) imageSize(ch *channel) (w, h int, err error) {
	for _, r := range ch.rows {
		if r.Width > 0 && r.Height > 0 {
			return r.Width, r.Height, nil
		}
	}
	for _, r := range ch.rows {
		b, err := p.read(r.Filename)
		if err != nil {
			continue // reported when its turn comes
		}
		if c, _, err := image.DecodeConfig(bytes.NewReader(b)); err == nil {
			return c.Width, c.Height, nil
		}
	}
	return 0, 0, errors.New("neither the table nor any image says it")
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
