package degrade

import "github.com/fusiond/fusiond/sim/effect"

const (
	// farM: what is farther shows the light of the horizon or the sky.
	farM = 100
	// brightShare is the share of the far pixels, the brightest, that stand for the fog's light.
	brightShare = 0.25
	// overMean is the least of the fog's light over the mean of the picture: fog reflects nearly all light, streets about half of it.
	overMean = 1.6
	// leastFar is the share of a picture that must be far for the sky to be judged.
	leastFar = 0.01
)

// airlight is what fog would shine like in a picture of clear weather: the brightest quarter of what is far or sky, at least overMean
// times the mean of the picture; its colour is drawn to grey by half, because fog shines with the light of the whole sky. (Fog is as bright
// as the sky behind it, not as the mean of sky and dark hills; and a picture full of walls has fog in it all the same.) Every step-th pixel
// counts.
func airlight(m *effect.Image, step int) [3]float32 {
	var (
		mean float64
		n    int
		far  [lightBins]lightBin
		deep int // pixels of far
	)
	for y := 0; y < m.H; y += step {
		for i := y * m.W; i < (y+1)*m.W; i += step {
			r, g, b := min(m.RGB[3*i], 1), min(m.RGB[3*i+1], 1), min(m.RGB[3*i+2], 1)
			light := effect.Luminance(r, g, b)
			mean += float64(light)
			n++
			if m.Distance[i] > farM {
				deep++
				bin := &far[min(int(light*lightBins), lightBins-1)]
				bin.count++
				bin.sum[0] += float64(r)
				bin.sum[1] += float64(g)
				bin.sum[2] += float64(b)
			}
		}
	}
	least := float32(overMean * mean / float64(max(n, 1)))
	colour, light := [3]float32{1, 1, 1}, least
	if float64(deep) > leastFar*float64(n) {
		colour = brightest(&far, brightShare*float64(deep))
		light = max(least, effect.Luminance(colour[0], colour[1], colour[2]))
	}
	grey := (colour[0] + colour[1] + colour[2]) / 3
	for c := range colour {
		colour[c] = (colour[c] + grey) / 2
	}
	scale := min(light, 1) / max(effect.Luminance(colour[0], colour[1], colour[2]), 1e-6)
	for c := range colour {
		colour[c] *= scale
	}
	return colour
}

// lightBins divide luminance 0..1.
const lightBins = 256

type lightBin struct {
	count int
	sum   [3]float64
}

// brightest is the mean colour of the brightest pixels, at least so many and whole bins.
func brightest(bins *[lightBins]lightBin, least float64) (colour [3]float32) {
	var sum [3]float64
	count := 0
	for i := lightBins - 1; i >= 0 && float64(count) < max(least, 1); i-- {
		count += bins[i].count
		for c, s := range bins[i].sum {
			sum[c] += s
		}
	}
	for c := range colour {
		colour[c] = float32(sum[c] / float64(max(count, 1)))
	}
	return colour
}
