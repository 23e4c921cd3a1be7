package main

import (
	"testing"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
)

func TestFoundIn(t *testing.T) {
	at := func(x, y float64) *fusionv1.Vector3 { return &fusionv1.Vector3{X: x, Y: y} }
	truth := func(class string, x, y float64, points uint32) *fusionv1.TruthObject {
		return &fusionv1.TruthObject{Class: class, Center: at(x, y), Views: []*fusionv1.SensorView{
			{Modality: fusionv1.Modality_MODALITY_LIDAR, Points: points, CleanPoints: points},
		}}
	}
	object := func(class string, x, y float64, existence float32) *fusionv1.Object {
		return &fusionv1.Object{Class: class, Center: at(x, y), Existence: existence}
	}
	f := &fusionv1.TruthFrame{Objects: []*fusionv1.TruthObject{
		truth("car", 10, 0, 5), truth("pedestrian", 5, 5, 5), truth("car", -20, 0, 0), truth("truck", 40, 0, 5),
	}}
	l := &fusionv1.ObjectList{Objects: []*fusionv1.Object{
		object("truck", 11, 1, 0.5),      // finds the car: one group
		object("bicycle", 5, 5, 0.9),     // false: a cycle is no pedestrian
		object("car", -20, 1, 0.5),       // neither: that car is labelled, though no sensor would see it
		object("pedestrian", 5, 5, 0.1),  // too unsure to count
		object("car", 0, 31, 0.9),        // out of range
		object("motorcycle", 0, -9, 0.3), // false
	}}
	if n, found, wrong := foundIn(l, f); n != 2 || found != 1 || wrong != 2 {
		t.Errorf("%d of %d found, %d false, want 1 of 2, 2", found, n, wrong)
	}
}
