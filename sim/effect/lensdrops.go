package effect

import (
	"math"

	"github.com/fusiond/fusiond/sim/chance"
)

const (
	mostDrops  = 70    // at strength 1
	dropShare  = 0.035 // radius of a large drop over the picture's width
	dropShrink = 5     // a drop is a short lens: it shows the scene upside down and this much smaller
	dropDim    = 0.9
)

// Drops lays water drops on the lens. A drop is far inside the focus: a disc with soft edges that shows the surroundings upside down and
// small, bright above and dark at its lower rim as the picture within is turned over. strength 0..1 is their number; the first ones stay
// when more come. sensor is the sensor's own key: drops stay in place.
func (c *Camera) Drops(m *Image, strength float64, sensor chance.Key) {
	if !(strength > 0) || m.W == 0 || m.H == 0 {
		return
	}
	c.blurred(m, max(0.006*float64(m.W), 0.7)) // the copy that drops look at
	count := int(math.Ceil(min(strength, 1) * mostDrops))
	for n := range count {
		k := sensor.At(uint64(n)) //nolint:gosec // not negative
		u := k.At(2).Float64()
		drop := lensDrop{
			x: float32(k.At(0).Float64()) * float32(m.W), y: float32(k.At(1).Float64()) * float32(m.H),
			radius: float32(dropShare*(0.25+0.75*u*u)) * float32(m.W), tall: 1 + 0.35*k.At(3).Float32(),
		}
		c.drop(m, &drop)
	}
}

type lensDrop struct{ x, y, radius, tall float32 }

func (c *Camera) drop(m *Image, d *lensDrop) {
	height := d.radius * d.tall
	for v := max(int(d.y-height), 0); v <= min(int(d.y+height), m.H-1); v++ {
		for u := max(int(d.x-d.radius), 0); u <= min(int(d.x+d.radius), m.W-1); u++ {
			dx, dy := (float32(u)-d.x)/d.radius, (float32(v)-d.y)/height
			dy *= 1 - 0.15*dy // heavier below
			q := dx*dx + dy*dy
			if q >= 1 {
				continue
			}
			// Refraction grows towards the rim, where it reaches far across the scene.
			reach := dropShrink * (1 + 2*q) * d.radius
			sx, sy := mirror(d.x-dx*reach, m.W), mirror(d.y-dy*reach, m.H)
			edge := min((1-q)*2.5, 1)
			rim := float32(dropDim) * (1 - 0.45*q*q*q)
			p, s := m.RGB[3*(v*m.W+u):][:3], c.soft[3*(sy*m.W+sx):][:3]
			for k := range p {
				p[k] += edge * (rim*s[k] - p[k])
			}
		}
	}
}

// mirror folds a coordinate back into 0..n-1.
func mirror(x float32, n int) int {
	i := int(x)
	if i < 0 {
		i = -i
	}
	if period := 2 * max(n-1, 1); i >= n {
		i %= period
		if i >= n {
			i = period - i
		}
	}
	return min(i, n-1)
}
