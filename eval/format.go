package eval

import "fmt"

// Keys of a file and fields of a box, as nuScenes names them.
const (
	keyResults       = "results"
	keySamples       = "samples"
	fieldToken       = "sample_token"
	fieldTranslation = "translation"
	fieldSize        = "size"
	fieldRotation    = "rotation"
	fieldVelocity    = "velocity"
	fieldClass       = "detection_name"
	fieldAttribute   = "attribute_name"
	fieldScore       = "detection_score"
	fieldNumPts      = "num_pts"
	fieldEgo         = "ego_translation"
	fieldRacks       = "bike_racks"
	fieldTrack       = "tracking_id"
	fieldTrackClass  = "tracking_name"
	fieldTrackScore  = "tracking_score"
	fieldScene       = "scene_token"
	fieldTimestamp   = "timestamp"
)

// knownFields are the fields of boxes, samples and racks that are read. Others are skipped.
var knownFields = []string{
	fieldToken, fieldTranslation, fieldSize, fieldRotation, fieldVelocity, fieldClass, fieldAttribute, fieldScore,
	fieldNumPts, fieldEgo, fieldRacks, fieldTrack, fieldTrackClass, fieldTrackScore, fieldScene, fieldTimestamp,
}

// format is what the boxes and files of a benchmark look like.
type format struct {
	configName     string
	classes        []ClassConfig
	index          map[string]int // of a class name in classes
	maxBoxes       int            // predictions in one sample
	tracking       bool           // boxes belong to tracks, samples to scenes
	classField     string
	scoreField     string
	neededOfBox    [2][]string // by side
	neededOfSample []string    // in "samples"
}

func newFormat(name string, classes []ClassConfig, maxBoxes int) *format {
	f := &format{configName: name, classes: classes, maxBoxes: maxBoxes, index: make(map[string]int, len(classes))}
	for i, k := range classes {
		f.index[k.Name] = i
	}
	return f
}

func (c *DetectionConfig) format() *format {
	f := newFormat(c.Name, c.Classes, c.MaxBoxesPerSample)
	f.classField, f.scoreField = fieldClass, fieldScore
	f.neededOfSample = []string{fieldEgo}
	f.neededOfBox = [2][]string{
		groundTruthSide: {fieldTranslation, fieldSize, fieldRotation, fieldVelocity, fieldClass, fieldAttribute, fieldNumPts},
		predictionSide:  {fieldTranslation, fieldSize, fieldRotation, fieldVelocity, fieldClass, fieldAttribute, fieldScore},
	}
	return f
}

func (c *TrackingConfig) format() *format {
	f := newFormat(c.Name, c.Classes, c.MaxBoxesPerSample)
	f.tracking, f.classField, f.scoreField = true, fieldTrackClass, fieldTrackScore
	f.neededOfSample = []string{fieldScene, fieldTimestamp, fieldEgo}
	f.neededOfBox = [2][]string{
		groundTruthSide: {fieldTranslation, fieldSize, fieldRotation, fieldVelocity, fieldTrack, fieldTrackClass, fieldNumPts},
		predictionSide:  {fieldTranslation, fieldSize, fieldRotation, fieldVelocity, fieldTrack, fieldTrackClass, fieldTrackScore},
	}
	return f
}

// repeatedTrack returns the first box whose track is in the sample already, -1 if there is none.
func (f *format) repeatedTrack(boxes []Box) int {
	if !f.tracking {
		return -1
	}
	seen := make(map[string]bool, len(boxes))
	for i := range boxes {
		if seen[boxes[i].Track] {
			return i
		}
		seen[boxes[i].Track] = boxes[i].Track != "" // a box without is refused for that
	}
	return -1
}

func trackTwice(track string) *fault {
	return &fault{fieldTrack, fmt.Sprintf("%q is in the sample twice", track), "give a track one box in each sample"}
}
