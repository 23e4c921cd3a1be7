package effect

import "math"

// Plume is the spray behind one vehicle on a wet road, in vehicle axes from the sensor's place: a box that begins at the rear bumper
// and whose density falls as exp(-x/Length) with the distance x behind it.
type Plume struct {
	// Start is the middle of the rear bumper on the ground, m.
	Start [3]float32
	// Back is the unit direction from there away from the vehicle, horizontal.
	Back [2]float32
	// LengthM is the decay length; the box ends after two of them. Width and height in m.
	LengthM, WidthM, HeightM float32
	// PerM is the extinction at the bumper, 1/m.
	PerM float32
}

const (
	spraySpeedMps = 10   // slower wheels throw up nothing that counts
	sprayMaxPerM  = 0.3  // extinction right behind a fast vehicle on a wet road
	sprayIntense  = 0.06 // of full scale: dense spray is a bright, diffuse scatterer
	sprayLengths  = 2    // the box's length in decay lengths
	spraySteps    = 6
)

// NewPlume is the spray of a vehicle from its size and speed: length 0.5 s times its speed, 1.2 times as wide as the vehicle, extinction
// 0.05 to 0.3 1/m, growing from 10 m/s on with the speed and with strength 0..1 (project defaults within reported ranges). heading is the
// unit direction of travel. ok is false when nothing counts.
func NewPlume(rear [3]float32, heading [2]float32, speedMps, widthM, heightM, strength float32) (p Plume, ok bool) {
	if !(speedMps > spraySpeedMps) || !(strength > 0) {
		return Plume{}, false
	}
	fast := min((speedMps-spraySpeedMps)/20, 1)
	return Plume{
		Start: rear, Back: [2]float32{-heading[0], -heading[1]}, LengthM: 0.5 * speedMps,
		WidthM: 1.2 * widthM, HeightM: 0.8 * heightM, PerM: min(strength, 1) * (0.05 + fast*(sprayMaxPerM-0.05)),
	}, true
}

// cross is the part of a ray that lies in the plume.
func (p *Plume) cross(dir *[3]float32, limit float32) (from, to float32) {
	// In the plume's axes: x back, y across, z up.
	ox := -(p.Start[0]*p.Back[0] + p.Start[1]*p.Back[1])
	oy := -(p.Start[1]*p.Back[0] - p.Start[0]*p.Back[1])
	dx, dy := dir[0]*p.Back[0]+dir[1]*p.Back[1], dir[1]*p.Back[0]-dir[0]*p.Back[1]
	from, to = 0, limit
	from, to = slab(ox, dx, 0, sprayLengths*p.LengthM, from, to)
	from, to = slab(oy, dy, -p.WidthM/2, p.WidthM/2, from, to)
	return slab(-p.Start[2], dir[2], 0, p.HeightM, from, to)
}

// slab cuts from..to down to where low <= o + t d <= high.
func slab(o, d, low, high, from, to float32) (float32, float32) {
	if d == 0 {
		if o < low || o > high {
			return 1, 0
		}
		return from, to
	}
	a, b := (low-o)/d, (high-o)/d
	if a > b {
		a, b = b, a
	}
	return max(from, a), min(to, b)
}

// along follows a ray through the plumes: depth is the optical depth on the whole way, and a ray whose share u of the light (uniform in
// 0..1) is scattered back within it returns from rangeM (0 = none): the chance of that is 1 - exp(-depth).
func along(plumes []Plume, dir *[3]float32, limit float32, u float64) (depth, rangeM float32) {
	wanted := float32(math.Inf(1))
	for i := range plumes {
		p := &plumes[i]
		from, to := p.cross(dir, limit)
		if to <= from {
			continue
		}
		if math.IsInf(float64(wanted), 1) {
			wanted = float32(-math.Log(1 - u))
		}
		step := (to - from) / spraySteps
		for s := range spraySteps {
			mid := from + (float32(s)+0.5)*step
			back := (mid*dir[0]-p.Start[0])*p.Back[0] + (mid*dir[1]-p.Start[1])*p.Back[1]
			part := p.PerM * decay(back/p.LengthM) * step
			if rangeM == 0 && depth+part >= wanted {
				rangeM = mid - step/2 + step*(wanted-depth)/part
			}
			depth += part
		}
	}
	return depth, rangeM
}
