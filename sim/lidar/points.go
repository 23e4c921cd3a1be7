package lidar

import (
	"encoding/binary"
	"math"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim/effect"
)

// stepS is what times are multiples of, seconds, as those of sensors are that send fixed-point numbers: 4 us of one sigma are far below the
// time of a firing, and recordings shrink. Coordinates are multiples of the unit's StepM for the same reason.
const stepS = 1.0 / 65536

// pointBytes of x, y, z float32, intensity and ring uint8, t float32.
const pointBytes = 18

var fields = []*fusionv1.PointField{
	{Name: "x", Offset: 0, Type: fusionv1.PointField_TYPE_FLOAT32, Count: 1},
	{Name: "y", Offset: 4, Type: fusionv1.PointField_TYPE_FLOAT32, Count: 1},
	{Name: "z", Offset: 8, Type: fusionv1.PointField_TYPE_FLOAT32, Count: 1},
	{Name: "intensity", Offset: 12, Type: fusionv1.PointField_TYPE_UINT8, Count: 1},
	{Name: "ring", Offset: 13, Type: fusionv1.PointField_TYPE_UINT8, Count: 1},
	{Name: "t", Offset: 14, Type: fusionv1.PointField_TYPE_FLOAT32, Count: 1},
}

// Cloud makes the message of a sweep that ends at stamp: the returns that are not lost, in firing order, in the sensor's frame, each with
// its time. They are where the beam met something, seen from where the unit was then: the cloud is not deskewed.
func (s *Sweep) Cloud(sensor sensors.SensorID, stamp sensors.StampNs) *fusionv1.PointCloud {
	beams := len(s.spec.Elevations)
	start := stamp.Add(-s.spec.Turn)
	data := make([]byte, 0, pointBytes*len(s.Returns)*3/4)
	var p [pointBytes]byte
	for i := range s.Returns {
		r := &s.Returns[i]
		if r.Range == 0 || r.Fate == effect.Lost || r.Fate == effect.None {
			continue
		}
		column, ring := i/beams, i%beams
		el, az := s.spec.Elevations[ring], s.local[column]
		flat := float64(r.Range) * math.Cos(el)
		putFloat(p[0:], snapped(flat*math.Cos(az), s.spec.StepM))
		putFloat(p[4:], snapped(flat*math.Sin(az), s.spec.StepM))
		putFloat(p[8:], snapped(float64(r.Range)*math.Sin(el), s.spec.StepM))
		p[12] = uint8(math.Round(255 * math.Min(math.Max(float64(r.Intensity), 0), 1)))
		p[13] = uint8(ring) //nolint:gosec // at most 256 beams
		putFloat(p[14:], snapped((float64(column)+0.5)/float64(s.spec.Columns)*s.spec.Turn.Seconds(), stepS))
		data = append(data, p[:]...)
	}
	return &fusionv1.PointCloud{
		Header: &fusionv1.Header{Stamp: int64(stamp), Sensor: string(sensor), Clock: fusionv1.Clock_CLOCK_SYNCHRONISED},
		Fields: fields, PointStep: pointBytes, SweepStart: int64(start), SweepEnd: int64(stamp), IntensityMax: 255, Data: data,
	}
}

// snapped is the nearest multiple of step, the number itself for 0.
func snapped(v, step float64) float32 {
	if step == 0 {
		return float32(v)
	}
	return float32(math.Round(v/step) * step)
}

func putFloat(b []byte, v float32) { binary.LittleEndian.PutUint32(b, math.Float32bits(v)) }

// Count adds to counts, by object, the beams that hit it in clear air, and those whose return from it is there in the end. counts must have a
// place for each object; static things are not counted.
func (s *Sweep) Count(clean, sensed []uint32) {
	for i := range s.Returns {
		o := s.Objects[i]
		if o < 0 {
			continue
		}
		clean[o]++
		if s.Returns[i].Fate == effect.Kept {
			sensed[o]++
		}
	}
}
