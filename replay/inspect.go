package replay

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/foxglove/mcap/go/mcap"
	"google.golang.org/protobuf/proto"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/sensors"
)

// inspector gathers an Information while a scan goes on.
type inspector struct {
	info    *Information
	streams map[string]*streamWatch
	objects map[string]bool
	health  *fusionv1.Health
}

type streamWatch struct {
	StreamInfo
	stamps []int64
	delay  float64
}

func inspect(ctx context.Context, r io.ReaderAt, size int64, path string) (*Information, error) {
	c := &container{path: path, r: r, size: size}
	s, whole := scannerFor(c)
	in := &inspector{
		info: &Information{
			Path: path, Bytes: size, SummaryIntact: whole, Metadata: map[string]string{}, Attachments: []string{},
			Conservation: []Account{}, Streams: []StreamInfo{},
		},
		streams: map[string]*streamWatch{}, objects: map[string]bool{},
	}
	s.metadata = func(m *mcap.Metadata) error {
		if m.Name == MetadataName {
			in.info.Metadata = m.Metadata
		}
		return nil
	}
	s.attachment = func(a Attachment) error {
		in.info.Attachments = append(in.info.Attachments, a.Name)
		if a.Name == RigAttachment {
			in.rig(a)
		}
		return nil
	}
	s.message = func(ch *mcap.Channel, sch *mcap.Schema, h messageHead, data []byte) error {
		in.message(ch, sch, h, data)
		return ctx.Err()
	}
	if err := s.run(); err != nil {
		if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
			err = fmt.Errorf("inspect recording %s: %w", path, err)
		}
		return nil, err
	}
	in.finish(&s.found)
	return in.info, nil
}

func (in *inspector) rig(a Attachment) {
	rig, err := sensors.ParseRig(a.Data, RigAttachment)
	if err != nil {
		in.info.RigFault = err.Error()
		return
	}
	x := &RigInfo{Vehicle: rig.Vehicle, Revision: rig.Revision, Hash: rig.Hash(), Sensors: []string{}}
	for i := range rig.Sensors {
		x.Sensors = append(x.Sensors, string(rig.Sensors[i].Name))
	}
	in.info.Rig = x
}

func (in *inspector) message(ch *mcap.Channel, sch *mcap.Schema, h messageHead, data []byte) {
	w := in.streams[ch.Topic]
	if w == nil {
		w = &streamWatch{StreamInfo: StreamInfo{Topic: ch.Topic, Gaps: []Gap{}}}
		if sch != nil {
			w.Schema = sch.Name
		}
		if t := ParseTopic(ch.Topic); t.IsInput() {
			w.Modality, w.Sensor = t.Modality.String(), string(t.Sensor)
		}
		in.streams[ch.Topic] = w
	}
	received, stamp := int64(h.received), int64(h.stamp) //nolint:gosec // parseMessageHead checked
	w.Messages++
	w.Bytes += uint64(len(data))
	if n := len(w.stamps); n > 0 && stamp <= w.stamps[n-1] {
		w.Backwards++
	}
	w.stamps = append(w.stamps, stamp)
	w.delay += float64(received-stamp) * 1e-6
	if in.info.Messages++; in.info.Messages == 1 || received < in.info.First {
		in.info.First = received
	}
	in.info.Last = max(in.info.Last, received)
	switch w.Schema {
	case "fusion.v1.TruthFrame":
		in.truth(data)
	case "fusion.v1.Health":
		m := &fusionv1.Health{}
		if proto.Unmarshal(data, m) == nil { // the stream's own reader reports damage; here the last good one counts
			in.health = m
		}
	}
}

func (in *inspector) truth(data []byte) {
	t := in.info.Truth
	if t == nil {
		t = &TruthInfo{ByClass: map[string]int{}}
		in.info.Truth = t
	}
	m := &fusionv1.TruthFrame{}
	if proto.Unmarshal(data, m) != nil {
		t.Unreadable++
		return
	}
	t.Frames++
	t.Boxes += len(m.GetObjects())
	t.BikeRacks += len(m.GetBikeRacks())
	for _, o := range m.GetObjects() {
		t.ByClass[o.GetClass()]++
		in.objects[o.GetInstance()] = true
		if o.GetVelocity() != nil {
			t.WithVelocity++
		}
	}
	t.Objects = len(in.objects)
}

func (in *inspector) finish(f *scanned) {
	info := in.info
	info.DurationS = float64(info.Last-info.First) * 1e-9
	info.Chunks = f.chunks
	r := f.recovery(info.Path)
	info.Damages = r.Damages
	info.SummaryIntact = info.SummaryIntact && f.ended
	for _, w := range in.streams {
		w.finish()
		info.Streams = append(info.Streams, w.StreamInfo)
	}
	slices.SortFunc(info.Streams, func(a, b StreamInfo) int { return strings.Compare(a.Topic, b.Topic) })
	for _, s := range in.health.GetStreams() {
		a := Account{Stream: s.GetStream(), Received: s.GetReceived(), Used: s.GetUsed(), Pending: s.GetPending(), Dropped: map[string]uint64{}}
		sum := a.Used + a.Pending
		for _, d := range s.GetDropped() {
			a.Dropped[d.GetReason()] += d.GetCount()
			sum += d.GetCount()
		}
		a.Balanced = sum == a.Received
		info.Conservation = append(info.Conservation, a)
	}
}

// finish works out rate and gaps from the stamps.
func (w *streamWatch) finish() {
	n := len(w.stamps)
	w.DelayMs = w.delay / float64(n)
	w.FirstStamp, w.LastStamp = slices.Min(w.stamps), slices.Max(w.stamps)
	steps := make([]int64, 0, n)
	for i := 1; i < n; i++ {
		if d := w.stamps[i] - w.stamps[i-1]; d > 0 {
			steps = append(steps, d)
		}
	}
	if len(steps) == 0 {
		return
	}
	slices.Sort(steps)
	usual := steps[len(steps)/2]
	w.RateHz = 1e9 / float64(usual)
	t := ParseTopic(w.Topic)
	if !t.IsInput() && t.Kind != "truth" {
		return
	}
	for i := 1; i < n; i++ {
		d := w.stamps[i] - w.stamps[i-1]
		if 2*d > 3*usual {
			w.Gaps = append(w.Gaps, Gap{After: w.stamps[i-1], LengthS: float64(d) / 1e9, Missing: int((d+usual/2)/usual) - 1})
		}
	}
	if w.GapCount = len(w.Gaps); w.GapCount > maxGaps {
		slices.SortStableFunc(w.Gaps, func(a, b Gap) int { return cmp.Compare(b.LengthS, a.LengthS) })
		w.Gaps = slices.Clone(w.Gaps[:maxGaps])
		slices.SortFunc(w.Gaps, func(a, b Gap) int { return cmp.Compare(a.After, b.After) })
	}
}
