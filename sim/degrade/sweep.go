package degrade

import (
	"bytes"

	"gonum.org/v1/gonum/spatial/r3"
	"google.golang.org/protobuf/proto"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/sim/effect"
)

// sweepJob is what a worker must know to degrade a sweep.
type sweepJob struct {
	cloud *cloud
	beams beams
	frame *truthFrame // whose boxes are counted in this sweep; nil = none
	boxes []box       // at the sweep's stamp
	// plumes of spray, and where the vehicle is in the local frame.
	plumes []effect.Plume
	place  place
	apply  bool // otherwise only the boxes are counted
	// clean and sensed points in each box, and what became of the returns: written by the worker.
	clean, sensed []uint32
	counts        effect.Counts
}

// sweep degrades a lidar's message.
func (w *worker) sweep(j *job) error {
	s := j.sweep
	c := s.cloud
	w.rows.read(c.sample)
	points := w.rows.points
	w.returns = effect.AppendReturns(w.returns[:0], points, c.sensor.EgoFromSensor)
	if s.beams.perRad > 0 {
		for i := range points {
			w.returns[i].Beam = s.beams.of(&points[i])
		}
	}
	switch {
	case s.apply:
		tool := w.tools.lidar(c.sensor.Name, s.beams.count)
		scene := effect.LidarScene{Plumes: s.plumes, Field: w.fog(s.place, &j.conditions.Weather)}
		s.counts = tool.Prepare(&j.conditions, scene, j.key, j.index).Apply(w.returns, 0)
		w.tools.giveLidar(c.sensor.Name, tool)
	case j.conditions.Dead:
		for i := range w.returns {
			w.returns[i].Fate = effect.Lost
		}
		s.counts.Lost = len(points)
	default:
		s.counts.Kept = len(points)
	}
	if s.frame != nil {
		w.inside = egoPoints(w.inside[:0], points, c.sensor.EgoFromSensor, c.motion)
		s.clean, s.sensed = w.boxes.count(s.boxes, w.inside, w.returns)
	}
	if !s.apply {
		return nil
	}
	return w.writeSweep(j)
}

// writeSweep writes what is left of the rows in the layout of the recorded message.
func (w *worker) writeSweep(j *job) error {
	c := j.sweep.cloud
	message := &fusionv1.PointCloud{}
	if err := proto.Unmarshal(j.Data, message); err != nil {
		return err
	}
	l, step, data := layoutOf(c.sample), c.sample.Step, c.sample.Data
	out := make([]byte, 0, len(data))
	bent := effect.Misaligned(&j.conditions.Fault)
	moved := effect.Misalignment(c.sensor.EgoFromSensor, &j.conditions.Fault)
	next := 0 // the first row that is not written yet
	for i := range w.returns {
		r, p, row := &w.returns[i], &w.rows.points[i], w.rows.row[i]
		out = append(out, data[next*step:row*step]...) // rows that are no points stay
		next = row + 1
		if r.Fate == effect.Lost || r.Fate == effect.None {
			continue
		}
		out = append(out, data[row*step:next*step]...)
		to := out[len(out)-step:]
		was := *p
		r.Place(p)
		if bent {
			effect.MovePoints(w.rows.points[i:i+1], moved)
		}
		if p.X != was.X || p.Y != was.Y || p.Z != was.Z {
			l.place(to, p)
		}
		if p.Intensity != was.Intensity {
			l.shine(to, p.Intensity)
		}
	}
	message.Data = append(out, data[next*step:]...)
	var err error
	if j.payload, err = (proto.MarshalOptions{Deterministic: true}).Marshal(message); err != nil {
		return err
	}
	j.changed = !bytes.Equal(j.payload, j.Data)
	return nil
}

// plumesOf are the plumes of spray behind the labelled vehicles, from a lidar's place.
func plumesOf(f *truthFrame, strength float64, sensor r3.Vec) (out []effect.Plume) {
	for _, o := range f.frame.GetObjects() {
		v, c, s := o.GetVelocity(), o.GetCenter(), o.GetSize()
		if v == nil {
			continue
		}
		speed := r3.Norm(vec(v.GetX(), v.GetY(), 0))
		p, ok := effect.PlumeOf(vec(c.GetX(), c.GetY(), c.GetZ()), vec(s.GetY(), s.GetX(), s.GetZ()), o.GetYaw(), speed, strength, sensor)
		if ok {
			out = append(out, p)
		}
	}
	return out
}
