// Package track gives detections an identity over time. Trackers are pure: their output depends on the calls made, in order.
package track

import (
	"cmp"
	"slices"

	"github.com/fusiond/fusiond/fusion"
	"github.com/fusiond/fusiond/sensors"
)

// Tracker turns the detections of consecutive sets into objects.
type Tracker interface {
	// Update takes a set's detections, best first, in the ego frame at stamp, and returns the objects at stamp in the same frame,
	// by ascending id. localFromEgo is the ego pose at stamp, in which tracks are kept. The result is valid until the next call.
	// It keeps nothing of dets and leaves them as they are.
	Update(stamp sensors.StampNs, localFromEgo sensors.Pose, dets []fusion.Detection) []Object
	// Reset drops every track: stamps or poses to come have nothing to do with those before. Ids go on.
	Reset()
}

// Object is a tracked object in the ego frame at the set's time.
type Object struct {
	// ID is from 1 and never used again.
	ID uint64
	// Detection holds class, box and velocity as filtered over time. Its Score is Existence, or 0 when the object was not detected in this set;
	// its Scores are those of the latest detection.
	fusion.Detection
	// Source indexes the detection of this set, -1 when there is none (the object coasts).
	Source int
	// Existence, 0..1: the mean score of the object's detections, the latest counting most; it fades while the object coasts.
	Existence float64
	// Born and Seen are the stamps of the first and the latest detection.
	Born, Seen sensors.StampNs
	// Covariance of (x, y, yaw, vx, vy), row-major, ego axes.
	Covariance [25]float64
}

// FirstLook is the share of its score that a detection keeps while nothing has confirmed it: false alarms come and go, objects stay.
const FirstLook = 0.7

// Refine replaces the detections of a set by what the objects know better, in place, and sorts them anew, best first: a detection that
// belongs to an object becomes that object as published; one that started none keeps FirstLook of its score.
func Refine(dets []fusion.Detection, objects []Object) {
	for i := range dets {
		dets[i].Score *= FirstLook
	}
	for i := range objects {
		if o := &objects[i]; o.Source >= 0 {
			dets[o.Source] = o.Detection
		}
	}
	slices.SortStableFunc(dets, func(a, b fusion.Detection) int { return cmp.Compare(b.Score, a.Score) })
}
