package degrade

import (
	"encoding/binary"
	"math"

	"github.com/fusiond/fusiond/sensors"
)

// rows ties the points of a sweep to their rows in the message.
type rows struct {
	points []sensors.Point
	// row of each point. Rows that are no points (not finite, at the sensor's origin) have none.
	row []int
}

// rowBlock rows are decoded at a time; only where one of them is no point are they looked at one by one.
const rowBlock = 512

// read decodes a sweep.
func (s *rows) read(c *sensors.PointCloud) {
	s.points, s.row = s.points[:0], s.row[:0]
	for at := 0; at < c.Count; at += rowBlock {
		end := min(at+rowBlock, c.Count)
		before := len(s.points)
		if s.part(c, at, end) == 0 {
			for i := at; i < end; i++ {
				s.row = append(s.row, i)
			}
			continue
		}
		s.points = s.points[:before]
		for i := at; i < end; i++ {
			if s.part(c, i, i+1) == 0 {
				s.row = append(s.row, i)
			}
		}
	}
}

// part appends the points of some rows and returns how many are none.
func (s *rows) part(c *sensors.PointCloud, from, to int) (dropped int) {
	part := *c
	part.Count, part.Data = to-from, c.Data[from*c.Step:to*c.Step]
	s.points, dropped = part.AppendPoints(s.points)
	return dropped
}

// layout writes points back into rows.
type layout struct {
	x, y, z, intensity sensors.Field // intensity has type 0 where there is none
	scale              float32
}

func layoutOf(c *sensors.PointCloud) layout {
	l := layout{scale: 255}
	if c.IntensityMax > 0 {
		l.scale = c.IntensityMax
	}
	for _, f := range c.Fields {
		switch f.Name {
		case "x":
			l.x = f
		case "y":
			l.y = f
		case "z":
			l.z = f
		case "intensity":
			l.intensity = f
		}
	}
	return l
}

func (l *layout) place(row []byte, p *sensors.Point) {
	putNumber(row, l.x, float64(p.X))
	putNumber(row, l.y, float64(p.Y))
	putNumber(row, l.z, float64(p.Z))
}

func (l *layout) shine(row []byte, intensity float32) {
	putNumber(row, l.intensity, float64(intensity*l.scale))
}

// putNumber writes one value in the field's own type, rounded and kept within it where it is an integer. A field of type 0 is not there.
func putNumber(row []byte, f sensors.Field, v float64) {
	p := row[f.Offset:]
	switch f.Type {
	case sensors.Float32:
		binary.LittleEndian.PutUint32(p, math.Float32bits(float32(v)))
	case sensors.Float64:
		binary.LittleEndian.PutUint64(p, math.Float64bits(v))
	case sensors.Int8:
		p[0] = uint8(int8(whole(v, math.MinInt8, math.MaxInt8)))
	case sensors.Uint8:
		p[0] = uint8(whole(v, 0, math.MaxUint8))
	case sensors.Int16:
		binary.LittleEndian.PutUint16(p, uint16(int16(whole(v, math.MinInt16, math.MaxInt16))))
	case sensors.Uint16:
		binary.LittleEndian.PutUint16(p, uint16(whole(v, 0, math.MaxUint16)))
	case sensors.Int32:
		binary.LittleEndian.PutUint32(p, uint32(int32(whole(v, math.MinInt32, math.MaxInt32))))
	case sensors.Uint32:
		binary.LittleEndian.PutUint32(p, uint32(whole(v, 0, math.MaxUint32)))
	}
}

func whole(v, low, high float64) int64 { return int64(min(max(math.Round(v), low), high)) }
