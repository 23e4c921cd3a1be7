package foxglove

import foxglovepb "github.com/fusiond/fusiond/proto/foxglove"

// ClassColor is the colour of a class, the same in every recording: vehicles blue, two-wheelers orange, people red, things that
// stand about yellow, every other class grey. alpha is 0 (not to be seen) to 1 (solid).
func ClassColor(class string, alpha float64) *foxglovepb.Color {
	c := &foxglovepb.Color{R: 0.6, G: 0.6, B: 0.6, A: alpha}
	switch class {
	case "car", "truck", "bus", "trailer", "construction_vehicle":
		c.R, c.G, c.B = 0.2, 0.5, 1
	case "motorcycle", "bicycle":
		c.R, c.G, c.B = 1, 0.6, 0.1
	case "pedestrian":
		c.R, c.G, c.B = 1, 0.2, 0.2
	case "traffic_cone", "barrier":
		c.R, c.G, c.B = 1, 0.9, 0.2
	}
	return c
}
