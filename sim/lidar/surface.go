package lidar

import (
	"math"

	"github.com/fusiond/fusiond/sim/material"
)

const (
	// rough is B/A of Oren and Nayar's model of rough diffuse surfaces (SIGGRAPH 1994) with facets of about 8 degrees: seen from where the
	// light comes from, such a surface returns A cos + B sin^2, so that it does not vanish at grazing incidence. 8 degrees is what the road
	// of a PandaSet drive shows between 3 and 25 m.
	rough = 0.083
	// glint is the exponent of a glossy surface's lobe about its normal.
	glint = 60
	// Paint under a clear coat: coatGloss is the gloss from which a surface counts as coated; of what its base returns, coatFlat is diffuse
	// and the rest lies in a lobe cos^6 about the normal, as flakes lie flat.
	coatGloss = 0.05
	coatFlat  = 0.3
	// retroWide: retro-reflective sheet works to about 60 degrees.
	retroWide = 2
)

// strength is a surface's return at 1 m against that of a white diffuser that faces the unit.
func strength(m *material.Material, cosine float32) float32 {
	c := max(cosine, 0)
	p := m.Lidar
	if m.Gloss >= coatGloss {
		square := c * c
		p *= coatFlat*c + (1-coatFlat)*square*square*square
	} else {
		p *= c + rough*(1-c*c)
	}
	if m.Gloss > 0 && c > 0.8 {
		p += 2 * m.Gloss * float32(math.Pow(float64(c), glint))
	}
	if m.Retro > 1 {
		p += m.Retro * m.Lidar * min(retroWide*c, 1)
	}
	return p
}
