package effect

import "math"

const (
	// glareE is the sun's illuminance at the lens, in the units of the picture, for which glare counts as 1: the veil is then as bright as
	// white up to 7 degrees from the sun.
	glareE = 5
	// sunShare is the radius of the saturated disc over the picture's width at glare 1 (nuScenes-C: 30 to 70 px of 1600).
	sunShare = 0.03
	ghostE   = 0.12
)

// ghosts are reflections between lens surfaces: discs on the line from the sun through the centre of the picture, at the negative
// distance, of a radius over the picture's width and a colour.
var ghosts = [...]struct {
	at, radius float32
	colour     [3]float32
}{
	{0.35, 0.030, [3]float32{0.6, 1, 0.7}},
	{0.60, 0.018, [3]float32{1, 0.7, 0.5}},
	{0.95, 0.055, [3]float32{0.5, 0.7, 1}},
	{-0.45, 0.024, [3]float32{1, 0.9, 0.6}},
}

// Glare adds a low sun at (sunX, sunY) in pixels, which may lie outside the picture: a saturated disc, the veil L = 10 E/theta^2 (CIE
// disability glare, theta in degrees and at least 1) and ghosts. strength is 0..1.
func Glare(m *Image, strength, sunX, sunY, focalPx float64) {
	if !(strength > 0) {
		return
	}
	s := float32(strength)
	disc := float32(sunShare * (0.5 + strength/2) * float64(m.W))
	degrees := float32(180 / math.Pi / focalPx)
	veil := 10 * glareE * s / (degrees * degrees)
	nearest := 1 / (degrees * degrees)
	for y := range m.H {
		dy := float32(y) - float32(sunY)
		row := m.RGB[3*y*m.W : 3*(y+1)*m.W]
		for x := range m.W {
			dx := float32(x) - float32(sunX)
			square := dx*dx + dy*dy
			l := veil / max(square, nearest)
			if square < 4*disc*disc { // the disc's light falls off over its own radius
				l += 8 * s * min(max(2-float32(math.Sqrt(float64(square)))/disc, 0), 1)
			}
			row[3*x] += l
			row[3*x+1] += 0.97 * l
			row[3*x+2] += 0.90 * l
		}
	}
	cx, cy := float32(m.W)/2, float32(m.H)/2
	for i := range ghosts {
		g := &ghosts[i]
		m.ghost(cx-g.at*(float32(sunX)-cx), cy-g.at*(float32(sunY)-cy), g.radius*float32(m.W), ghostE*s, &g.colour)
	}
}

func (m *Image) ghost(x, y, radius, light float32, colour *[3]float32) {
	for v := max(int(y-radius), 0); v <= min(int(y+radius), m.H-1); v++ {
		for u := max(int(x-radius), 0); u <= min(int(x+radius), m.W-1); u++ {
			dx, dy := float32(u)-x, float32(v)-y
			q := (dx*dx + dy*dy) / (radius * radius)
			if q >= 1 {
				continue
			}
			l := light * (0.6 + 0.4*q) * min(4*(1-q), 1) // a little brighter towards a soft rim
			p := m.RGB[3*(v*m.W+u):][:3]
			for c := range p {
				p[c] += l * colour[c]
			}
		}
	}
}
