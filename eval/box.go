package eval

import (
	"fmt"
	"math"
)

// UnknownPoints is the [Box.NumPts] of a box whose points nobody counted. Predictions normally carry it. Only a
// count of exactly 0 makes the zero-point filter drop a box.
const UnknownPoints = -1

// Box is one 3D box, ground truth or prediction, in the global frame. Detection and tracking metrics share it: velocity
// and attribute count for the first alone, the track for the second alone.
type Box struct {
	Translation [3]float64 // geometric centre x, y, z, m
	Size        [3]float64 // width, length, height, m, each > 0
	Rotation    [4]float64 // w, x, y, z; box x axis is its length (heading), y its width
	Velocity    [2]float64 // vx, vy, m/s; NaN where unknown
	Class       string     // one of the configuration's classes, for example "car"
	Attribute   string     // for example "vehicle.moving"; "" is none or unknown
	Score       float64    // confidence of a prediction; not used for ground truth
	NumPts      int        // lidar and radar points inside; [UnknownPoints] if not counted
	Track       string     // identity of the object over its scene
}

// BikeRack is a bicycle rack: bicycles and motorcycles whose centre lies in it are not scored.
type BikeRack struct {
	Translation [3]float64 // geometric centre x, y, z, m, global frame
	Size        [3]float64 // width, length, height, m
	Rotation    [4]float64 // w, x, y, z
}

// Sample is one moment that is scored: the boxes that were there and the boxes that were found. The order of
// samples and boxes decides ties, see the package comment.
type Sample struct {
	Token          string     // names the sample in errors
	Scene          string     // names the sequence it belongs to; for tracking only
	TimestampUs    int64      // orders the samples of a scene, us; for tracking only
	EgoTranslation [3]float64 // ego position, m, global frame; ranges are measured from it in the ground plane
	BikeRacks      []BikeRack
	GroundTruth    []Box
	Predictions    []Box
}

// Bounds within which every metric stays finite. They are far outside of anything a road scene holds, so a value
// beyond them is a wrong unit or a damaged file.
const (
	maxMagnitude  = 1e9  // m, m/s, or score
	minSizeM      = 1e-6 // m
	minQuaternion = 1e-6 // norm
)

// fault is a reason why a box cannot be scored, without saying where the box came from.
type fault struct {
	field, problem, cure string
}

// boxFault checks the geometry of b, its class, for tracks the identity, and for predictions the score. It returns nil
// if b can be scored.
func boxFault(b *Box, s side, f *format) *fault {
	if _, ok := f.index[b.Class]; !ok {
		return &fault{f.classField, fmt.Sprintf("unknown class %q", b.Class), "use one of the classes of the configuration, or leave the box out"}
	}
	if wrong := shapeFault(b.Translation, b.Size, b.Rotation); wrong != nil {
		return wrong
	}
	for _, v := range b.Velocity {
		if !math.IsNaN(v) && !(math.Abs(v) <= maxMagnitude) {
			return &fault{fieldVelocity, fmt.Sprintf("%v m/s", v), "give a finite speed, or null where it is unknown"}
		}
	}
	if s == predictionSide && !(math.Abs(b.Score) <= maxMagnitude) {
		return &fault{f.scoreField, fmt.Sprintf("%v", b.Score), "give each prediction a finite confidence"}
	}
	if f.tracking && b.Track == "" {
		return &fault{fieldTrack, "empty", "give each track a name that is its own in its scene"}
	}
	return nil
}

// shapeFault checks position, size and rotation of a box or rack.
func shapeFault(translation, size [3]float64, rotation [4]float64) *fault {
	for _, v := range translation {
		if !(math.Abs(v) <= maxMagnitude) {
			return &fault{fieldTranslation, fmt.Sprintf("%v m", v), "give a finite position in metres"}
		}
	}
	for _, v := range size {
		if !(v >= minSizeM && v <= maxMagnitude) {
			return &fault{fieldSize, fmt.Sprintf("%v m", v), "give width, length and height in metres, each above 0"}
		}
	}
	sum := 0.0
	for _, v := range rotation {
		if !(math.Abs(v) <= maxMagnitude) {
			return &fault{fieldRotation, fmt.Sprintf("%v", v), "give a finite quaternion w, x, y, z"}
		}
		sum += v * v
	}
	if math.Sqrt(sum) < minQuaternion {
		return &fault{fieldRotation, "the quaternion is zero", "give a unit quaternion w, x, y, z"}
	}
	return nil
}

// checkSamples returns the first reason why the samples cannot be scored, as an *InputError.
func checkSamples(samples []Sample, form *format) error {
	for i := range samples {
		s := &samples[i]
		at := func(where side, box int, f *fault) error {
			return &InputError{
				Op: "evaluate", Source: where.String(), Token: s.Token, Box: box,
				Field: f.field, Problem: f.problem, Cure: f.cure,
			}
		}
		for _, v := range s.EgoTranslation {
			if !(math.Abs(v) <= maxMagnitude) {
				return at(groundTruthSide, noBox, &fault{fieldEgo, fmt.Sprintf("%v m", v), "give a finite ego position in metres"})
			}
		}
		for j := range s.BikeRacks {
			r := &s.BikeRacks[j]
			if f := shapeFault(r.Translation, r.Size, r.Rotation); f != nil {
				f.field = fmt.Sprintf("%s[%d].%s", fieldRacks, j, f.field)
				return at(groundTruthSide, noBox, f)
			}
		}
		for where, boxes := range [...][]Box{groundTruthSide: s.GroundTruth, predictionSide: s.Predictions} {
			if j := form.repeatedTrack(boxes); j >= 0 {
				return at(side(where), j, trackTwice(boxes[j].Track))
			}
		}
		if len(s.Predictions) > form.maxBoxes {
			return at(predictionSide, noBox, tooManyBoxes(form.maxBoxes))
		}
		for j := range s.GroundTruth {
			if f := boxFault(&s.GroundTruth[j], groundTruthSide, form); f != nil {
				return at(groundTruthSide, j, f)
			}
		}
		for j := range s.Predictions {
			if f := boxFault(&s.Predictions[j], predictionSide, form); f != nil {
				return at(predictionSide, j, f)
			}
		}
	}
	return nil
}

func tooManyBoxes(limit int) *fault {
	return &fault{"", fmt.Sprintf("more than %d boxes", limit), fmt.Sprintf("keep the %d boxes of highest score", limit)}
}
