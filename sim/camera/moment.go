package camera

import (
	"math"
	"time"

	"gonum.org/v1/gonum/spatial/r3"

	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim/chance"
	"github.com/fusiond/fusiond/sim/geom"
	"github.com/fusiond/fusiond/sim/timeline"
)

// Moment is all that a camera needs to know of one exposure.
type Moment struct {
	Scene *geom.Scene
	// Origin is where the scene's zero lies in the world, metres.
	Origin r3.Vec
	// Open and Close are worldFromSensor when the shutter opens and closes; between them the sensor moves evenly.
	Open, Close sensors.Pose
	// OpenTime and CloseTime are the same two instants as times of the scene's interval, 0..1. All rows are exposed together.
	OpenTime, CloseTime float32
	Weather             timeline.Weather
	// Lamps that may be seen or light what is seen, where they are in the middle of the exposure. The frame keeps no reference to the slice after Finish.
	Lamps []Lamp
	// World is the key of what all sensors and frames share (clouds); Frame that of this picture.
	World, Frame chance.Key
}

// Shutter is how long a camera exposes in a weather: 1 ms in full daylight, 16 ms by night, with the light in between. A stage makes the
// scene's interval and Open and Close from it.
func Shutter(w *timeline.Weather) time.Duration {
	light := clamp01(w.Light)
	return time.Duration(math.Exp(math.Log(16)*math.Pow(1-light, 3)) * float64(time.Millisecond))
}

// Beam is how a lamp's light is spread about its direction.
type Beam uint8

// The beams.
const (
	// Wide falls with the cosine: tail, brake and signal lamps.
	Wide Beam = iota
	// LowBeam is a head lamp's: wide to the sides, with a cut above the horizontal through its axis.
	LowBeam
	// Down is a street lamp's: strong up to 70 degrees from its direction, half as strong again at 60 as on the axis.
	Down
)

// Colours of lamps for Lamp.Color, each with a luminance of about 1, so that Candela keeps its meaning.
var (
	HeadColor   = [3]float32{1.02, 1, 0.92}
	TailColor   = [3]float32{3.4, 0.36, 0.2}
	StreetColor = [3]float32{1.3, 0.96, 0.55}
	AmberColor  = [3]float32{1.9, 0.82, 0.08}
	GreenColor  = [3]float32{0.15, 1.25, 0.75}
)

// Lamp is a light of a few centimetres in the scene's frame.
type Lamp struct {
	At geom.Vec
	// Dir is the unit vector of its axis.
	Dir geom.Vec
	// Candela is the intensity on the axis. Color is what a unit of it looks like: see HeadColor.
	Candela float32
	Color   [3]float32
	Beam    Beam
	// RadiusM is that of the shining area as the camera sees it.
	RadiusM float32
	// Hidden lamps light the scene but are not drawn themselves: the ego vehicle's own.
	Hidden bool
}

func vec64(p [3]float64) r3.Vec { return r3.Vec{X: p[0], Y: p[1], Z: p[2]} }
