package compare

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/fusiond/fusiond/replay"
	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim"
	"github.com/fusiond/fusiond/sim/lidar"
	"github.com/fusiond/fusiond/sim/world"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
)

// Options of a comparison.
type Options struct {
	// Sweeps of each side; 0 = 24. More streets are made for more sweeps.
	Sweeps int
	// Scenario, if not nil, is driven whole instead of the package's own streets; its rig is replaced by the real one.
	Scenario *sim.Scenario
	// Workers is how many shots are in the making at once, at least 1. The report does not depend on it.
	Workers int
	// Progress, if not nil, is told which of how many drives is done.
	Progress func(done, of int)
}

// Run compares a recording, which must have a rig, ground truth and a spinning lidar, with simulated drives.
func Run(ctx context.Context, recording *replay.Reader, o Options) (*Report, error) {
	if o.Sweeps <= 0 {
		o.Sweeps = 24
	}
	o.Workers = max(o.Workers, 1)
	rig, err := recording.Rig()
	if err != nil {
		return nil, err
	}
	name, rings, err := spinning(recording, rig)
	if err != nil {
		return nil, err
	}
	simRig, unit, left, err := rigLike(rig, name, rings)
	if err != nil {
		return nil, err
	}
	sub := &subject{rig: rig, lidar: name, columns: unit.Columns, rings: len(unit.Elevations)}
	sub.rings = max(sub.rings, rings)
	for _, s := range rig.Of(sensors.Camera) {
		sub.cameras = append(sub.cameras, s.Name)
	}
	measured, err := recorded(ctx, recording, sub, o.Sweeps)
	if err != nil {
		return nil, fmt.Errorf("measure %s: %w", recording.Path(), err)
	}
	drives := streets(simRig, likeOf(measured), max(1, (o.Sweeps+streetSweeps-1)/streetSweeps))
	if o.Scenario != nil {
		s := *o.Scenario
		s.Rig = simRig
		drives = []*sim.Scenario{&s}
	}
	made, first, err := simulated(ctx, drives, sub, &o)
	if err != nil {
		return nil, err
	}
	r := newReport(measured, made, first)
	r.Recording, r.Unit, r.Lidar, r.LeftOut = filepath.Base(recording.Path()), unit.Name, string(name), left
	for _, d := range drives {
		r.Streets = append(r.Streets, Street{d.Name, d.Seed, d.World})
	}
	return r, nil
}

// Street is one simulated drive of the comparison.
type Street struct {
	Name  string     `json:"name"`
	Seed  uint64     `json:"seed"`
	World world.Spec `json:"world"`
}

// spinning finds the first lidar of the rig whose sweeps have rings, and their number.
func spinning(r *replay.Reader, rig *sensors.Rig) (name sensors.SensorID, rings int, err error) {
	for _, s := range rig.Of(sensors.Lidar) {
		for m, err := range r.Messages(replay.Options{Topics: []string{replay.SensorTopic(rig.Vehicle, sensors.Lidar, s.Name)}}) {
			if err != nil {
				return "", 0, err
			}
			c, err := sensors.ParsePointCloud(m.Data, sensors.Meta{Sensor: s.Name})
			if err != nil {
				return "", 0, err
			}
			points, _ := c.AppendPoints(nil)
			for i := range points {
				rings = max(rings, int(points[i].Ring)+1)
			}
			break
		}
		if rings > 1 && rings <= maxRingBins {
			return s.Name, rings, nil
		}
		rings = 0
	}
	return "", 0, fmt.Errorf("%s has no sweep of a spinning lidar with rings: compare needs one, as %q", r.Path(), unitNames())
}

func unitNames() []string {
	names := make([]string, len(lidar.Units))
	for i, u := range lidar.Units {
		names[i] = u.Name
	}
	return names
}

// recorded measures about n sweeps of a recording, and as many pictures of each camera, spread evenly.
func recorded(ctx context.Context, r *replay.Reader, sub *subject, n int) (*collector, error) {
	c := newCollector(sub)
	var topics []string
	every := map[string]uint64{}
	for _, s := range r.Streams() {
		switch {
		case s.Name.Kind == "truth":
			for m, err := range r.Messages(replay.Options{Topics: []string{s.Topic}}) {
				if err != nil {
					return nil, err
				}
				if m.Schema != string((&fusionv1.TruthFrame{}).ProtoReflect().Descriptor().FullName()) {
					break
				}
				if err := c.addTruth(m.Data); err != nil {
					return nil, err
				}
			}
		case s.Name.Kind == "sensor" && (s.Name.Sensor == sub.lidar || slices.Contains(sub.cameras, s.Name.Sensor)):
			topics = append(topics, s.Topic)
			every[s.Topic] = max(1, s.Messages/uint64(n)) //nolint:gosec // positive
		}
	}
	if err := c.ready(); err != nil {
		return nil, err
	}
	seen := map[string]uint64{}
	for m, err := range r.Messages(replay.Options{Topics: topics}) {
		if err = errors.Join(err, ctx.Err()); err != nil {
			return nil, err
		}
		if seen[m.Topic]++; seen[m.Topic]%every[m.Topic] != 0 {
			continue
		}
		if err := c.add(&m); err != nil {
			return nil, err
		}
	}
	if c.halves[0].Sweeps+c.halves[1].Sweeps == 0 {
		return nil, fmt.Errorf("no sweep of %s has ground truth at its stamp: choose a labelled drive", sub.lidar)
	}
	return c, nil
}

// simulated makes the drives and measures them. first is the first drive's collector, for its pictures.
func simulated(ctx context.Context, drives []*sim.Scenario, sub *subject, o *Options) (all *Statistics, first *shown, err error) {
	bodies := world.NewBodies()
	all = newStatistics(sub.rings, sub.cameras)
	for i, s := range drives {
		d, err := sim.New(s, bodies)
		if err != nil {
			return nil, nil, err
		}
		c, err := drive(ctx, d, sub, o)
		if err != nil {
			return nil, nil, fmt.Errorf("simulate %s: %w", s.Name, err)
		}
		all.merge(c.halves[0])
		all.merge(c.halves[1])
		if i == 0 {
			first = &c.shown
		}
		if o.Progress != nil {
			o.Progress(i+1, len(drives))
		}
	}
	return all, first, nil
}

func drive(ctx context.Context, d *sim.Drive, sub *subject, o *Options) (*collector, error) {
	like := *sub
	like.rig = d.Rig()
	c := newCollector(&like)
	var kept []replay.Message
	count := map[string]int{}
	err := d.Run(ctx, o.Workers, func(m replay.Message) error {
		if replay.ParseTopic(m.Topic).Kind == "truth" {
			return c.addTruth(m.Data)
		}
		count[m.Topic]++
		kept = append(kept, m)
		return nil
	}, nil)
	if err = errors.Join(err, c.ready()); err != nil {
		return nil, err
	}
	seen := map[string]int{}
	for i := range kept {
		t := kept[i].Topic
		if seen[t]++; seen[t]%max(1, count[t]/o.Sweeps) != 0 {
			continue
		}
		if err := c.add(&kept[i]); err != nil {
			return nil, err
		}
	}
	return c, nil
}
