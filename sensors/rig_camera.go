package sensors

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/spatial/r3"
)

// How a camera that looks at traffic can stand. Parking cameras look down by up to 50 degrees, windscreens and brackets tilt a picture by a
// few; beyond lies the inverse of the mount, or a mount given in other axes, with which every pixel would be placed wrongly.
const (
	maxPitchDeg = 60
	maxRollDeg  = 60
)

// cameraMount refuses a rotation that puts a camera inside out: one that looks into the ground or the sky, or whose picture does not
// stand upright.
func (r *rigReader) cameraMount(e entry, p Pose) {
	const cure = "give the rotation from camera axes (x right, y down, z ahead) into ego axes (x ahead, y left, z up), not its inverse " +
		"and not a mount in vehicle axes; a picture that is upside down must be turned before it is sent"
	axis, right, down := p.Rotate(r3.Vec{Z: 1}), p.Rotate(r3.Vec{X: 1}), p.Rotate(r3.Vec{Y: 1})
	pitch := math.Asin(math.Max(-1, math.Min(1, axis.Z))) / radians(1)
	// Columns of a rotation: the parts along z of right and down say how the picture is turned about the optical axis.
	roll := math.Atan2(right.Z, -down.Z) / radians(1)
	switch {
	case math.Abs(pitch) > maxPitchDeg:
		where := "the sky"
		if pitch < 0 {
			where = "the ground"
		}
		r.fault(e.line, e.field, fmt.Sprintf("a camera that looks %.0f degrees into %s", math.Abs(pitch), where),
			fmt.Sprintf("an optical axis within %d degrees of level", maxPitchDeg), cure)
	case math.Abs(roll) > maxRollDeg:
		r.fault(e.line, e.field, fmt.Sprintf("a picture rolled by %.0f degrees", roll), fmt.Sprintf("an upright one, within %d degrees", maxRollDeg), cure)
	}
}
