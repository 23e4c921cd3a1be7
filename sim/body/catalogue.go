package body

import (
	"github.com/fusiond/fusiond/sim/chance"
	"github.com/fusiond/fusiond/sim/geom"
)

// kind is a shape of a class: its share in the class, its size in metres and the standard deviation of that.
type kind struct {
	class, shape string
	share        float64
	mean, sd     geom.Vec
	make         func(*draft)
}

// catalogue lists the kinds, classes together. Shares and means are set so that the mean over a class is within 5 % of that of
// nuScenes' training set, published as anchor sizes in the configurations of MMDetection3D (length, width, height):
//
//	car 4.61 1.95 1.72, truck 6.74 2.46 2.73, bus 11.19 2.94 3.47, trailer 12.01 2.87 3.82, construction_vehicle 6.38 2.73 3.13,
//	pedestrian 0.73 0.66 1.76, motorcycle 2.10 0.76 1.44, bicycle 1.68 0.60 1.27, traffic_cone 0.40 0.40 1.06, barrier 0.49 2.49 0.98
//
// and the deviations so that those over a class come near those that nuScenes' development kit prints for the mini split:
//
//	car 0.36 0.16 0.21, truck 1.56 0.34 0.68, bus 1.79 0.26 0.62, trailer 5.69 0.08 0.27, construction 1.57 0.35 0.33,
//	pedestrian 0.17 0.11 0.12, motorcycle 0.38 0.21 0.20, bicycle 0.14 0.12 0.34, cone 0.07 0.14 0.13, barrier 0.11 0.49 0.10
//
// As in nuScenes a pick-up is a truck (built to haul), and boxes of vehicles hold their mirrors.
var catalogue = []kind{
	{"car", "sedan", 0.34, geom.Vec{4.72, 1.92, 1.48}, geom.Vec{0.24, 0.07, 0.05}, sedan},
	{"car", "hatchback", 0.18, geom.Vec{4.12, 1.88, 1.54}, geom.Vec{0.22, 0.07, 0.05}, hatchback},
	{"car", "suv", 0.34, geom.Vec{4.70, 2.02, 1.79}, geom.Vec{0.25, 0.08, 0.09}, suv},
	{"car", "van", 0.14, geom.Vec{4.98, 2.08, 2.08}, geom.Vec{0.30, 0.09, 0.16}, van},

	{"truck", "pickup", 0.42, geom.Vec{5.70, 2.15, 1.94}, geom.Vec{0.35, 0.10, 0.10}, pickup},
	{"truck", "box", 0.28, geom.Vec{7.45, 2.60, 3.20}, geom.Vec{1.20, 0.15, 0.35}, boxTruck},
	{"truck", "tipper", 0.14, geom.Vec{7.60, 2.65, 3.20}, geom.Vec{0.80, 0.15, 0.25}, tipper},
	{"truck", "tractor", 0.16, geom.Vec{7.00, 2.75, 3.60}, geom.Vec{0.60, 0.15, 0.25}, tractor},

	{"bus", "city", 0.80, geom.Vec{11.95, 2.99, 3.50}, geom.Vec{0.80, 0.12, 0.25}, cityBus},
	{"bus", "small", 0.20, geom.Vec{8.20, 2.75, 3.35}, geom.Vec{0.70, 0.15, 0.20}, cityBus},

	{"trailer", "box", 0.65, geom.Vec{13.20, 2.86, 3.92}, geom.Vec{1.40, 0.10, 0.20}, boxTrailer},
	{"trailer", "container", 0.35, geom.Vec{9.80, 2.88, 3.62}, geom.Vec{2.60, 0.10, 0.20}, containerTrailer},

	{"construction_vehicle", "excavator", 0.50, geom.Vec{6.90, 2.76, 3.16}, geom.Vec{1.10, 0.25, 0.28}, excavator},
	{"construction_vehicle", "loader", 0.50, geom.Vec{5.90, 2.70, 3.12}, geom.Vec{0.80, 0.25, 0.25}, loader},

	{"pedestrian", "walking", 0.60, geom.Vec{0.80, 0.67, 1.78}, geom.Vec{0.09, 0.06, 0.09}, walker},
	{"pedestrian", "standing", 0.33, geom.Vec{0.62, 0.67, 1.78}, geom.Vec{0.08, 0.06, 0.09}, stander},
	{"pedestrian", "child", 0.07, geom.Vec{0.54, 0.48, 1.32}, geom.Vec{0.06, 0.05, 0.12}, walker},

	{"motorcycle", "ridden", 0.65, geom.Vec{2.12, 0.80, 1.58}, geom.Vec{0.14, 0.06, 0.07}, motorcycleRidden},
	{"motorcycle", "parked", 0.35, geom.Vec{2.06, 0.74, 1.17}, geom.Vec{0.14, 0.05, 0.05}, motorcycleParked},

	{"bicycle", "ridden", 0.38, geom.Vec{1.72, 0.60, 1.66}, geom.Vec{0.07, 0.04, 0.07}, bicycleRidden},
	{"bicycle", "parked", 0.62, geom.Vec{1.67, 0.59, 1.05}, geom.Vec{0.07, 0.04, 0.05}, bicycleParked},

	{"traffic_cone", "cone", 0.55, geom.Vec{0.42, 0.42, 0.95}, geom.Vec{0.03, 0.03, 0.10}, cone},
	{"traffic_cone", "post", 0.25, geom.Vec{0.33, 0.33, 1.20}, geom.Vec{0.03, 0.03, 0.08}, post},
	{"traffic_cone", "drum", 0.20, geom.Vec{0.46, 0.46, 1.14}, geom.Vec{0.03, 0.03, 0.06}, drum},

	{"barrier", "concrete", 0.45, geom.Vec{0.53, 2.70, 0.90}, geom.Vec{0.05, 0.35, 0.06}, concreteBarrier},
	{"barrier", "plastic", 0.30, geom.Vec{0.50, 2.20, 1.02}, geom.Vec{0.05, 0.25, 0.06}, plasticBarrier},
	{"barrier", "board", 0.25, geom.Vec{0.40, 2.45, 1.08}, geom.Vec{0.04, 0.30, 0.07}, boardBarrier},
}

// size draws length, width and height: normal, within two deviations, sharing half of their variance, as long cars are wide ones.
func (k *kind) size(src *chance.Source) geom.Vec {
	draw := func() float64 { return max(-2, min(2, src.Norm())) }
	common := draw()
	var s geom.Vec
	for i := range s {
		z := max(-2, min(2, 0.7*common+0.7*draw()))
		s[i] = k.mean[i] + k.sd[i]*float32(z)
	}
	return s
}
