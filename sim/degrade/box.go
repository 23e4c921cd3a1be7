package degrade

import (
	"math"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim/effect"
)

// box is a labelled object: its own axes from the ego frame at a sweep's stamp.
type box struct {
	boxFromEgo matrix
	half       [3]float32
	x, y, r    float32 // centre and radius on the ground
}

// boxOf places an object of a frame of ground truth at another stamp: sweepFromTruth maps the ego frames, and the object goes on with its
// velocity for ahead seconds.
func boxOf(o *fusionv1.TruthObject, sweepFromTruth sensors.Pose, ahead float64) box {
	centre, size, v := o.GetCenter(), o.GetSize(), o.GetVelocity()
	pose, ok := sensors.PoseFromProto(&fusionv1.Pose{Position: centre, Rotation: o.GetRotation()})
	if !ok {
		pose = sensors.FromYaw(o.GetYaw(), vec(centre.GetX(), centre.GetY(), centre.GetZ()))
	}
	pose.Translation.X += v.GetX() * ahead
	pose.Translation.Y += v.GetY() * ahead
	egoFromBox := sweepFromTruth.Mul(pose)
	b := box{
		boxFromEgo: matrixOf(egoFromBox.Inverse()),
		half:       [3]float32{float32(size.GetX() / 2), float32(size.GetY() / 2), float32(size.GetZ() / 2)},
		x:          float32(egoFromBox.Translation.X), y: float32(egoFromBox.Translation.Y),
	}
	b.r = float32(math.Sqrt(float64(b.half[0]*b.half[0] + b.half[1]*b.half[1] + b.half[2]*b.half[2])))
	return b
}

func (b *box) holds(p *[3]float32) bool {
	q := b.boxFromEgo.apply(p[0], p[1], p[2])
	return max(q[0], -q[0]) <= b.half[0] && max(q[1], -q[1]) <= b.half[1] && max(q[2], -q[2]) <= b.half[2]
}

// A grid on the ground tells for each point which boxes may hold it.
const (
	gridCells = 256
	gridCellM = 2
)

// boxGrid is scratch memory of counting.
type boxGrid struct {
	first   [gridCells * gridCells]int32 // 1 + index of the cell's first entry
	entries []gridEntry
}

type gridEntry struct{ box, next int32 }

func gridAt(v float32) int {
	return int(math.Floor(float64(v)/gridCellM)) + gridCells/2
}

// count returns how many of a sweep's points lie in each box, and how many of those the sensor still gets from there. points and returns
// go together. Boxes beyond 256 m hold none.
func (g *boxGrid) count(boxes []box, points [][3]float32, returns []effect.Return) (clean, sensed []uint32) {
	clear(g.first[:])
	g.entries = g.entries[:0]
	for i := range boxes {
		b := &boxes[i]
		for x := max(gridAt(b.x-b.r), 0); x <= min(gridAt(b.x+b.r), gridCells-1); x++ {
			for y := max(gridAt(b.y-b.r), 0); y <= min(gridAt(b.y+b.r), gridCells-1); y++ {
				g.entries = append(g.entries, gridEntry{int32(i), g.first[x*gridCells+y]})
				g.first[x*gridCells+y] = int32(len(g.entries))
			}
		}
	}
	clean, sensed = make([]uint32, len(boxes)), make([]uint32, len(boxes))
	const edge = gridCells / 2 * gridCellM
	for i := range points {
		p := &points[i]
		if !(p[0] > -edge && p[0] < edge && p[1] > -edge && p[1] < edge) {
			continue
		}
		for e := g.first[gridAt(p[0])*gridCells+gridAt(p[1])]; e > 0; e = g.entries[e-1].next {
			b := g.entries[e-1].box
			if boxes[b].holds(p) {
				clean[b]++
				if returns[i].Fate == effect.Kept {
					sensed[b]++
				}
			}
		}
	}
	return clean, sensed
}
