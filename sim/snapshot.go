package sim

import (
	"cmp"
	"slices"
	"sort"
	"time"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/replay"
	"github.com/fusiond/fusiond/sensors"
)

// Snapshots makes single moments of a drive: for training, where consecutive frames would tell little new. One goroutine uses it.
type Snapshots struct {
	drive *Drive
	work  *worker
	truth *truthMaker
	ego   []replay.Message
}

// Snapshots makes ready for moments of the drive.
func (d *Drive) Snapshots() (*Snapshots, error) {
	ego, err := d.egoMotion()
	if err != nil {
		return nil, err
	}
	return &Snapshots{drive: d, work: newWorker(d), truth: newTruthMaker(d), ego: ego}, nil
}

// egoSpan of motion goes along before and after a moment: a sweep, and what its points need to be moved.
const egoSpan = 300 * time.Millisecond

// radarScans of a radar go along with a moment: fusion looks at the newest few of each.
const radarScans = 4

// At returns what arrives of the reference's sample nearest to a time of the drive, of every other sensor's sample nearest to that (of a
// radar also of the scans before), and of the ego motion around it, in order of arrival; and the ground truth of the reference's stamp.
// Faults of transport and clocks are left out, and dead sensors are missing. nil if the drive has no sample of the reference.
func (s *Snapshots) At(at time.Duration) ([]replay.Message, *fusionv1.TruthFrame, error) {
	reference := s.nearest(s.truth.reference, at)
	if reference == nil {
		return nil, nil, nil
	}
	when := reference.stamp
	var out []replay.Message
	latest := make([]*taken, len(s.drive.sensors))
	for i := range s.drive.sensors {
		one := s.nearest(i, when)
		if one == nil || max(one.stamp-when, when-one.stamp) > s.drive.scenario.Rig.period(i) {
			continue
		}
		shots := []shot{*one}
		if s.drive.sensors[i].Modality == sensors.Radar {
			shots = s.before(*one, radarScans)
		}
		for _, one := range shots {
			t, err := s.work.take(one)
			if err != nil {
				return nil, nil, err
			}
			latest[i] = t
			if t.conditions.Dead {
				continue
			}
			sensor := &s.drive.sensors[i]
			out = append(out, replay.Message{
				Topic: replay.SensorTopic(s.drive.rig.Vehicle, sensor.Modality, sensor.Name), Schema: schemaOf(sensor.Modality),
				Stamp: stampAt(one.stamp), Received: stampAt(one.stamp + time.Duration(sensor.model.Transfer)), Seq: uint32(one.index + 1), Data: t.payload, //nolint:gosec // modulo 2^32
			})
		}
	}
	from, to := stampAt(when-egoSpan), stampAt(when+egoSpan/3)
	for _, m := range s.ego {
		if m.Stamp >= from && m.Stamp <= to {
			out = append(out, m)
		}
	}
	slices.SortStableFunc(out, func(a, b replay.Message) int { return cmp.Compare(a.Received, b.Received) })
	return out, s.truth.frame(when, latest), nil
}

// nearest is the shot of a sensor nearest to a time.
func (s *Snapshots) nearest(sensor int, at time.Duration) *shot {
	var best *shot
	shots := s.drive.shots
	window := 2 * s.drive.scenario.Rig.period(sensor)
	for i := sort.Search(len(shots), func(i int) bool { return shots[i].stamp >= at-window }); i < len(shots) && shots[i].stamp <= at+window; i++ {
		one := &shots[i]
		if one.sensor != sensor {
			continue
		}
		if best == nil || max(one.stamp-at, at-one.stamp) < max(best.stamp-at, at-best.stamp) {
			best = one
		}
	}
	return best
}

// before is a shot and up to n-1 shots of its sensor before it, oldest first.
func (s *Snapshots) before(last shot, n int) (out []shot) {
	shots := s.drive.shots
	from := last.stamp - time.Duration(n)*s.drive.scenario.Rig.period(last.sensor)
	for i := sort.Search(len(shots), func(i int) bool { return shots[i].stamp > from }); i < len(shots) && shots[i].stamp <= last.stamp; i++ {
		if shots[i].sensor == last.sensor {
			out = append(out, shots[i])
		}
	}
	return out[max(0, len(out)-n):]
}
