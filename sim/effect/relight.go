package effect

// Relight turns a picture taken by day into the light of a darker hour: the scene keeps the share light of its light, tinted blue as it
// gets dark (the sky more than the street, which has lamps), and headlamps of the own vehicle light what is in front, falling with
// 1/distance^2, mostly below the horizon. Other lamps and lit windows are not in the picture and do not appear.
func Relight(m *Image, light, horizonPx float64) {
	if light >= 1 {
		return
	}
	day := float32(max(light, 0))
	tint := [3]float32{day * (1 - 0.35*(1-day)), day * (1 - 0.2*(1-day)), day}
	for y := range m.H {
		below := min(max((float32(y)-float32(horizonPx))/(0.08*float32(m.H))+0.3, 0.04), 1) // the cut-off of low beam
		for x := range m.W {
			i := y*m.W + x
			lamp, far := float32(0), float32(1)
			if m.Distance != nil {
				far = 1 - (1-day)*darkSky*min(max((m.Distance[i]-skyFromM)/skyFromM, 0), 1)
				across := (float32(x)/float32(m.W) - 0.5) * 2
				d := max(m.Distance[i], 3) / lampM
				lamp = (1 - day) * lampLight * below * (1 - 0.6*across*across) / (d * d)
			}
			p := m.RGB[3*i : 3*i+3 : 3*i+3]
			p[0] *= far*tint[0] + lamp
			p[1] *= far*tint[1] + 0.95*lamp
			p[2] *= far*tint[2] + 0.85*lamp
		}
	}
}

const (
	darkSky   = 0.85 // the night sky over a street is this much darker than the street in the light of day
	skyFromM  = 80   // what is farther grows dark like the sky
	lampM     = 8    // distance at which headlamps give lampLight of the light of day
	lampLight = 0.04 // a few hundred lux against the 10 000 of a bright day
)
