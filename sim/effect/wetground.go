package effect

import "math"

const (
	waterIndex = 1.33
	// pavementMm is the depth of the pavement's texture: a film this deep covers it (Hahner et al., CVPR 2022).
	pavementMm = 1.2
)

// Fresnel is the share of unpolarised light that a smooth surface of water reflects, for the cosine of the incidence in air.
func Fresnel(cosine float64) float64 {
	cosine = min(max(cosine, 0), 1)
	inside := math.Sqrt(1 - (1-cosine*cosine)/(waterIndex*waterIndex))
	s := (cosine - waterIndex*inside) / (cosine + waterIndex*inside)
	p := (inside - waterIndex*cosine) / (inside + waterIndex*cosine)
	return (s*s + p*p) / 2
}

// WetGround is what a water film leaves of a lidar return from the road, 0..1: air -> water -> ground -> water -> air,
//
//	T = t rho t / (1 - rho r),  t = 1 - r,  r = Fresnel(cosine)
//
// blended with the dry return by the share of the texture that the film covers. Flat angles lose most: that is why rings beyond 15 to
// 30 m vanish on a wet road. Source: wet ground model of Hahner et al., "LiDAR Snowfall Simulation" (CVPR 2022).
func WetGround(filmMm, cosine, reflectance float64) float64 {
	cover := min(max(filmMm/pavementMm, 0), 1)
	r := Fresnel(cosine)
	return 1 - cover + cover*(1-r)*(1-r)/(1-min(max(reflectance, 0), 1)*r)
}
