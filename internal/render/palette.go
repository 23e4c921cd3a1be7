package render

import (
	"image/color"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
)

func rgb(v uint32) color.NRGBA {
	return color.NRGBA{R: uint8(v >> 16), G: uint8(v >> 8), B: uint8(v), A: 255}
}

// fade returns c with the opacity alpha, 0..1.
func fade(c color.NRGBA, alpha float64) color.NRGBA {
	c.A = uint8(clamp(alpha, 0, 1)*255 + 0.5)
	return c
}

var (
	colBackground = rgb(0x0b0e13)
	colSurface    = rgb(0x12161d)
	colBorder     = rgb(0x252c37)
	colTrack      = rgb(0x222933)
	colText       = rgb(0xe8ecf2)
	colMuted      = rgb(0x8e99a8)
	colFaint      = rgb(0x5d6877)
	colTag        = fade(rgb(0x090c11), 0.78)
	colShadow     = fade(rgb(0x000000), 0.50)
	colGrid       = rgb(0x303947)
	colEgo        = rgb(0xe8ecf2)
	colTruth      = rgb(0xffffff)
	colOther      = rgb(0xb4bcc8)
	colGood       = rgb(0x4cc38a)
	colWarn       = rgb(0xf2b84b)
	colBad        = rgb(0xf0616d)
)

// classColours are the ten nuScenes detection classes in the legend's order.
var classColours = []struct {
	class, label string
	col          color.NRGBA
}{
	{"car", "car", rgb(0x4fb3ff)},
	{"truck", "truck", rgb(0xffa94d)},
	{"bus", "bus", rgb(0xff7a59)},
	{"trailer", "trailer", rgb(0xd9a066)},
	{"construction_vehicle", "construction vehicle", rgb(0xe6c229)},
	{"pedestrian", "pedestrian", rgb(0xff6fa3)},
	{"motorcycle", "motorcycle", rgb(0xb48cff)},
	{"bicycle", "bicycle", rgb(0x5fe0b7)},
	{"traffic_cone", "traffic cone", rgb(0xf4f06a)},
	{"barrier", "barrier", rgb(0x8fa3b8)},
}

func classColour(class string) color.NRGBA {
	for _, c := range classColours {
		if c.class == class {
			return c.col
		}
	}
	return colOther
}

// classLabel returns a class in words.
func classLabel(class string) string {
	for _, c := range classColours {
		if c.class == class {
			return c.label
		}
	}
	return class
}

func modeColour(m fusionv1.Mode) color.NRGBA {
	switch m {
	case fusionv1.Mode_MODE_NOMINAL:
		return colGood
	case fusionv1.Mode_MODE_DEGRADED, fusionv1.Mode_MODE_MINIMAL:
		return colWarn
	case fusionv1.Mode_MODE_FAIL_SILENT:
		return colBad
	case fusionv1.Mode_MODE_UNSPECIFIED, fusionv1.Mode_MODE_INIT:
	}
	return colMuted
}

func modalityColour(m fusionv1.Modality) color.NRGBA {
	switch m {
	case fusionv1.Modality_MODALITY_LIDAR:
		return rgb(0x4fd1c5)
	case fusionv1.Modality_MODALITY_RADAR:
		return rgb(0xb48cff)
	case fusionv1.Modality_MODALITY_CAMERA:
		return rgb(0xf2b84b)
	case fusionv1.Modality_MODALITY_UNSPECIFIED, fusionv1.Modality_MODALITY_EGO:
	}
	return colMuted
}

// Heights above the ground that the ramp spans, metres.
const rampLowM, rampHighM = -0.5, 5.0

// heightRamp goes from a quiet ground to bright tops.
var heightRamp = makeRamp([]rampStop{
	{-0.5, rgb(0x33476b)},
	{0.15, rgb(0x45659a)},
	{0.6, rgb(0x2f8fa8)},
	{1.3, rgb(0x49c5a1)},
	{2.2, rgb(0xc9d96a)},
	{3.4, rgb(0xf2b45a)},
	{5, rgb(0xe8736a)},
})

type rampStop struct {
	heightM float64
	col     color.NRGBA
}

func makeRamp(stops []rampStop) (ramp [256]color.NRGBA) {
	for i := range ramp {
		h := rampLowM + (rampHighM-rampLowM)*float64(i)/255
		j := 0
		for j < len(stops)-2 && h > stops[j+1].heightM {
			j++
		}
		a, b := stops[j], stops[j+1]
		s := clamp((h-a.heightM)/(b.heightM-a.heightM), 0, 1)
		mix := func(x, y uint8) uint8 { return uint8(float64(x) + (float64(y)-float64(x))*s + 0.5) }
		ramp[i] = color.NRGBA{R: mix(a.col.R, b.col.R), G: mix(a.col.G, b.col.G), B: mix(a.col.B, b.col.B), A: 255}
	}
	return ramp
}

func heightColour(z float64) color.NRGBA {
	return heightRamp[int(clamp((z-rampLowM)/(rampHighM-rampLowM), 0, 1)*255)]
}
