package degrade

import (
	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim/effect"
	"github.com/fusiond/fusiond/sim/timeline"
)

// touches says whether conditions change what a sensor of that kind measures. Transport and clock faults are laid over its messages
// afterwards and do not count here; a dead sensor measures nothing.
func touches(m sensors.Modality, c *timeline.Conditions) bool {
	if c.Dead {
		return false
	}
	air := c.FogPerM > 0 || c.RainMmH > 0 || c.SnowMmH > 0
	switch m {
	case sensors.Lidar:
		return air || c.WetMm > 0 || c.Spray > 0 || c.LostBeams > 0 || c.LostPoints > 0 || c.FieldRad > 0 || c.BlockedShare > 0 ||
			effect.Misaligned(&c.Fault)
	case sensors.Camera:
		return air || c.WetMm > 0 || c.Light < 1 || c.BlockedShare > 0 || c.LensDrops > 0 || c.BlurPx > 0 || c.Glare > 0 || c.Darken > 0 ||
			c.RotateRad != [3]float64{}
	case sensors.Radar:
		return air || c.BlockedShare > 0 || c.InterferenceDB > 0 || effect.Misaligned(&c.Fault)
	default:
		return false
	}
}

// needsDepth says whether a picture needs distances under the conditions.
func needsDepth(c *timeline.Conditions) bool {
	return c.FogPerM > 0 || c.RainMmH > 0 || c.SnowMmH > 0 || c.WetMm > 0 || c.Light < 1
}
