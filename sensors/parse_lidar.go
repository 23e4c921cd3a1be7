package sensors

import (
	"math"
	"time"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
)

const (
	maxFields = 64
	maxPoints = 2_000_000
	// maxStep bounds the bytes of a point; the widest drivers use under 100.
	maxStep = 4096
	// maxSweep bounds a sweep, and so every point's time.
	maxSweep = 10 * time.Second
	// sweepTolerance is how far sweep_end may be from header.stamp: rounding to microseconds or milliseconds.
	sweepTolerance = time.Millisecond
)

// ParsePointCloud reads a PointCloud message. m.Stamp is taken from the header, and m.Sensor when it is empty. Data is a
// view into b; AppendPoints reads it. A sweep without points is a sample. The error is a *ParseError.
func ParsePointCloud(b []byte, m Meta) (*PointCloud, error) {
	c := &PointCloud{Meta: m}
	if fail := c.parse(b); fail != nil {
		return nil, finish(fail, c.Meta)
	}
	return c, nil
}

func (c *PointCloud) parse(b []byte) *ParseError {
	const layout = "check the driver's point layout"
	c.Modality = Lidar
	var msg fusionv1.PointCloud
	data, fail := decode(b, &msg, true, bound{field: 2, name: "fields", most: maxFields})
	if fail != nil {
		return fail
	}
	if fail = c.take(msg.GetHeader(), Lidar); fail != nil {
		return fail
	}
	step := msg.GetPointStep()
	switch {
	case step == 0:
		return failure(ReasonInvalid, "point_step", layout, "zero")
	case step > maxStep:
		return failure(ReasonOversize, "point_step", layout, "%d bytes a point, at most %d", step, maxStep)
	}
	c.Step = int(step)
	if c.Fields, fail = fieldsOf(msg.GetFields(), c.Step); fail != nil {
		return fail
	}
	if rest := len(data) % c.Step; rest != 0 {
		return failure(ReasonTruncated, "data", layout, "payload of %d bytes ends %d bytes into a point of %d", len(data), rest, c.Step)
	}
	c.Count = len(data) / c.Step
	if c.Count > maxPoints {
		return failure(ReasonOversize, "data", layout, "%d points, at most %d", c.Count, maxPoints)
	}
	c.Deskewed, c.IntensityMax, c.Data = msg.GetDeskewed(), msg.GetIntensityMax(), data
	if v := float64(c.IntensityMax); !(v >= 0) || math.IsInf(v, 1) {
		return failure(ReasonInvalid, "intensity_max", "publish the largest intensity, or 0 for 255", "%g", v)
	}
	return c.takeSweep(StampNs(msg.GetSweepStart()), StampNs(msg.GetSweepEnd()))
}

// takeSweep checks the sweep's interval against the stamp.
func (c *PointCloud) takeSweep(start, end StampNs) *ParseError {
	if end == 0 {
		end = c.Stamp
	}
	// Differences of stamps far apart overflow; as unsigned distances they do not.
	if distance(end, c.Stamp) > uint64(sweepTolerance) {
		return failure(ReasonInvalid, "sweep_end", "stamp the cloud with the end of its sweep",
			"sweep_end %d is not header.stamp %d", end, c.Stamp)
	}
	c.SweepEnd = c.Stamp
	if start == 0 {
		if _, timed := c.field("t"); timed && !c.Deskewed {
			return failure(ReasonInvalid, "sweep_start", "publish the time that field t counts from", "none, but points have field t")
		}
		return nil
	}
	if start > end || distance(start, end) > uint64(maxSweep) {
		return failure(ReasonInvalid, "sweep_start", "publish first and last firing of the sweep",
			"sweep from %d to %d, want at most %s", start, end, maxSweep)
	}
	c.SweepStart = start
	return nil
}

// distance is |a - b| without overflow.
func distance(a, b StampNs) uint64 {
	if a < b {
		a, b = b, a
	}
	return uint64(a) - uint64(b) //nolint:gosec // two's complement difference of a >= b
}

// fieldsOf checks the layout: known types, inside the step, every name once, x, y and z there.
func fieldsOf(in []*fusionv1.PointField, step int) ([]Field, *ParseError) {
	const layout = "check the driver's point layout"
	out := make([]Field, 0, len(in))
	have := 0
	for _, f := range in {
		name := f.GetName()
		if name == "" || len(name) > maxNameLen {
			return nil, failure(ReasonMalformed, "fields.name", layout, "%d bytes, want 1 to %d", len(name), maxNameLen)
		}
		size := 0
		if t := f.GetType(); t > 0 && int(t) < len(fieldSizes) {
			size = fieldSizes[t]
		}
		if size == 0 {
			return nil, failure(ReasonMalformed, "fields.type", layout, "field %q has unknown type %d", name, f.GetType())
		}
		// Both are 32 bits wide: no overflow in 64.
		end := uint64(f.GetOffset()) + uint64(size)*max(1, uint64(f.GetCount())) //nolint:gosec // size is 1 to 8
		if end > uint64(step) {                                                  //nolint:gosec // step is 1 to 4096
			return nil, failure(ReasonMalformed, "fields.offset", layout, "field %q ends at byte %d of %d", name, end, step)
		}
		for _, other := range out {
			if other.Name == name {
				return nil, failure(ReasonMalformed, "fields.name", layout, "field %q is there twice", name)
			}
		}
		if name == "x" || name == "y" || name == "z" {
			have++
		}
		out = append(out, Field{Name: name, Offset: int(f.GetOffset()), Type: FieldType(f.GetType())}) //nolint:gosec // checked
	}
	if have != 3 {
		return nil, failure(ReasonMalformed, "fields", "publish fields x, y and z in metres", "%d of x, y, z", have)
	}
	return out, nil
}

// field finds a field by name.
func (c *PointCloud) field(name string) (Field, bool) {
	for _, f := range c.Fields {
		if f.Name == name {
			return f, true
		}
	}
	return Field{}, false
}
