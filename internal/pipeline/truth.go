package pipeline

import (
	"fmt"
	"sort"

	"google.golang.org/protobuf/proto"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/replay"
	"github.com/fusiond/fusiond/sensors"
)

// Truth is the ground truth of a recording by stamp.
type Truth struct {
	frames []*fusionv1.TruthFrame
}

// truthToleranceNs is how far a set's time may lie from a frame's for both to be the same moment. Sets of the reference have the frame's own
// stamp; those of the virtual clock differ by the sensors' jitter.
const truthToleranceNs = 5e6

// LoadTruth reads every ground-truth frame of a recording; there may be none.
func LoadTruth(r *replay.Reader) (*Truth, error) {
	t := &Truth{}
	var topics []string
	for _, s := range r.Streams() {
		if s.Name.Kind == "truth" {
			topics = append(topics, s.Topic)
		}
	}
	if len(topics) == 0 {
		return t, nil
	}
	for m, err := range r.Messages(replay.Options{Topics: topics}) {
		if err != nil {
			return nil, err
		}
		frame := &fusionv1.TruthFrame{}
		if err := proto.Unmarshal(m.Data, frame); err != nil {
			return nil, fmt.Errorf("read ground truth of %s at %d: %w", r.Path(), m.Stamp, err)
		}
		t.frames = append(t.frames, frame)
	}
	sort.SliceStable(t.frames, func(i, j int) bool { return t.frames[i].Header.GetStamp() < t.frames[j].Header.GetStamp() })
	return t, nil
}

// NewTruth holds frames that are there already, in order of their stamps.
func NewTruth(frames ...*fusionv1.TruthFrame) *Truth { return &Truth{frames} }

// Frames in order of their stamps.
func (t *Truth) Frames() []*fusionv1.TruthFrame { return t.frames }

// At returns the frame of a set's time, nil when there is none.
func (t *Truth) At(stamp sensors.StampNs) *fusionv1.TruthFrame {
	i := sort.Search(len(t.frames), func(i int) bool { return t.frames[i].Header.GetStamp() >= int64(stamp)-truthToleranceNs })
	if i < len(t.frames) && t.frames[i].Header.GetStamp() <= int64(stamp)+truthToleranceNs {
		return t.frames[i]
	}
	return nil
}
