package effect

// Koschmieder lays haze over a picture: I = J t + A (1 - t), t = exp(-extinction distance) (Koschmieder 1924), in linear light and with
// the distance along the ray. airlight is A, the radiance of an endlessly deep layer; fog is patchy where the picture says so. With the
// extinctions of the lidar effects, camera and lidar see the same air.
func Koschmieder(m *Image, fogPerM, otherPerM float64, airlight [3]float32) {
	if !(fogPerM > 0 || otherPerM > 0) || m.Distance == nil {
		return
	}
	fog, other := float32(max(fogPerM, 0)), float32(max(otherPerM, 0))
	for i, d := range m.Distance[:m.W*m.H] {
		alpha := fog + other
		if m.Patch != nil {
			alpha = fog*m.Patch[i] + other
		}
		t := decay(alpha * d)
		p := m.RGB[3*i : 3*i+3 : 3*i+3]
		for c := range p {
			p[c] = p[c]*t + airlight[c]*(1-t)
		}
	}
}

// Airlight estimates what fog would shine like in a picture of clear weather: the mean of what is farther than 100 m or sky, or of the
// brightest quarter of rows at the top where nothing is; drawn to grey by half, because fog shines with the light of the whole sky.
func Airlight(m *Image) [3]float32 {
	var sum [3]float64
	n := 0
	add := func(i int) {
		for c := range sum {
			sum[c] += float64(min(m.RGB[3*i+c], 1))
		}
		n++
	}
	for i, d := range m.Distance {
		if d > 100 {
			add(i)
		}
	}
	if n < m.W {
		sum, n = [3]float64{}, 0
		for i := range m.W * max(m.H/4, 1) {
			add(i)
		}
	}
	var a [3]float32
	grey := (sum[0] + sum[1] + sum[2]) / 3
	for c := range a {
		a[c] = float32((sum[c] + grey) / 2 / float64(max(n, 1)))
	}
	return a
}

// wetAlbedo is what a closed water film leaves of the diffuse reflectance of asphalt: light is trapped by total reflection inside the
// film (Lekner and Dorf 1988; about half for dark surfaces).
const wetAlbedo = 0.55

// WetRoad darkens the road of a picture under a water film.
func WetRoad(m *Image, filmMm float64) {
	if !(filmMm > 0) || m.Road == nil {
		return
	}
	dark := float32((1 - wetAlbedo) * min(filmMm/pavementMm, 1))
	for i, share := range m.Road[:m.W*m.H] {
		if share > 0 {
			k := 1 - dark*min(share, 1)
			m.RGB[3*i] *= k
			m.RGB[3*i+1] *= k
			m.RGB[3*i+2] *= k
		}
	}
}
