package eval

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// Bounds on a file in nuScenes' format. A file that keeps them needs about as much memory as it has bytes.
const (
	maxFileBytes      = 4 << 30
	maxSamples        = 1 << 20
	maxTruthPerSample = 1 << 16
	maxRacksPerSample = 1 << 10
)

// Source is a stream with the name that errors call it by.
type Source struct {
	Name string
	R    io.Reader
}

// LoadSamples opens two files in nuScenes' submission format and reads them as [ReadSamples] does.
func LoadSamples(groundTruthPath, predictionsPath string, c DetectionConfig) ([]Sample, error) {
	return loadBoth(groundTruthPath, predictionsPath, func(truth, pred Source) ([]Sample, error) { return ReadSamples(truth, pred, c) })
}

// loadBoth opens two files for read.
func loadBoth(groundTruthPath, predictionsPath string, read func(truth, pred Source) ([]Sample, error)) (samples []Sample, err error) {
	truth, err := os.Open(groundTruthPath) //nolint:gosec // the user names the file
	if err != nil {
		return nil, openError(groundTruthPath, err)
	}
	defer func() { err = errors.Join(err, truth.Close()) }()
	pred, err := os.Open(predictionsPath) //nolint:gosec // the user names the file
	if err != nil {
		return nil, openError(predictionsPath, err)
	}
	defer func() { err = errors.Join(err, pred.Close()) }()
	return read(Source{groundTruthPath, truth}, Source{predictionsPath, pred})
}

func openError(path string, err error) error {
	return &InputError{
		Op: "read", Source: path, Box: noBox, Problem: "cannot be opened", Err: err,
		Cure: "name a readable file in nuScenes' submission format",
	}
}

// ReadSamples reads ground truth and predictions in nuScenes' submission format:
//
//	{"meta": {}, "results": {TOKEN: [BOX, ...], ...}}
//
// A box has translation [x, y, z], size [w, l, h], rotation [w, x, y, z], velocity [vx, vy] (a component, or the
// whole, may be null or NaN: unknown), detection_name and attribute_name ("" is none); in addition a ground-truth
// box has num_pts (lidar and radar points; -1 if not counted) and a prediction has detection_score. A sample_token must
// be the token it stands under. Other fields are skipped. Missing and doubled fields are refused.
//
// The ego position of a sample, from which ranges are measured, is taken from the first of these that is there:
//
//   - "samples": {TOKEN: {"ego_translation": [x, y, z], "bike_racks": [{translation, size, rotation}, ...]}} beside
//     "results" in the ground-truth file. It must then name every sample that has boxes; bike_racks may be left out.
//   - ego_translation of the boxes, ground truth first. There it is the box as seen from ego, box centre minus ego
//     position, as nuScenes' own tools write it. [0, 0, 0] is not given. All boxes of a sample must agree.
//
// A sample with boxes and neither is refused.
//
// The samples come in the order of the predictions file, the boxes in the order of their files: the order decides ties.
// Both files must hold the same tokens. The first fault is returned as an [*InputError].
func ReadSamples(groundTruth, predictions Source, c DetectionConfig) ([]Sample, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return readSamples(groundTruth, predictions, c.format())
}

// readSamples reads the two files of either benchmark.
func readSamples(groundTruth, predictions Source, form *format) ([]Sample, error) {
	truth, err := readFile(groundTruth, groundTruthSide, form)
	if err != nil {
		return nil, err
	}
	pred, err := readFile(predictions, predictionSide, form)
	if err != nil {
		return nil, err
	}
	return join(truth, pred, form)
}

// boxFile is the content of one file.
type boxFile struct {
	name    string
	results []tokenBoxes   // in file order
	byToken map[string]int // index into results
	samples map[string]sampleInfo
	hasInfo bool // the file has "samples"
}

// tokenBoxes are the boxes of one sample in one file.
type tokenBoxes struct {
	token string
	boxes []Box
	ego   egoGuess
}

// sampleInfo is one entry of "samples".
type sampleInfo struct {
	ego         [3]float64
	racks       []BikeRack
	scene       string
	timestampUs int64
}

// readFile reads one of the two files.
func readFile(src Source, s side, form *format) (*boxFile, error) {
	r := &fileReader{
		scanner: newScanner(&boundedReader{r: src.R, left: maxFileBytes}),
		side:    s,
		format:  form,
		out:     &boxFile{name: src.Name, byToken: map[string]int{}, samples: map[string]sampleInfo{}},
		box:     noBox,
	}
	if err := r.file(); err != nil {
		return nil, r.locate(err)
	}
	return r.out, nil
}

// boundedReader fails, other than io.LimitReader, when there is more than its limit.
type boundedReader struct {
	r    io.Reader
	left int64
}

var errTooLarge = errors.New("larger than this reader takes")

func (b *boundedReader) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, fmt.Errorf("%w (%d bytes)", errTooLarge, int64(maxFileBytes))
	}
	return n, err
}

// join pairs the two files sample by sample, in the order of the predictions file.
func join(truth, pred *boxFile, form *format) ([]Sample, error) {
	if err := sameTokens(truth, pred); err != nil {
		return nil, err
	}
	if form.tracking && !truth.hasInfo {
		return nil, &InputError{
			Op: "read", Source: truth.name, Box: noBox, Field: keySamples, Problem: "missing",
			Cure: `add "samples": {TOKEN: {"scene_token": "...", "timestamp": us, "ego_translation": [x, y, z]}}`,
		}
	}
	samples := make([]Sample, len(pred.results))
	for i := range pred.results {
		p := &pred.results[i]
		t := &truth.results[truth.byToken[p.token]]
		s := Sample{Token: p.token, GroundTruth: t.boxes, Predictions: p.boxes}
		if truth.hasInfo {
			info, ok := truth.samples[p.token]
			if !ok && (form.tracking || len(t.boxes)+len(p.boxes) > 0) {
				return nil, &InputError{
					Op: "read", Source: truth.name, Token: p.token, Box: noBox, Field: keySamples, Problem: "no entry for this sample",
					Cure: "add its " + strings.Join(form.neededOfSample, ", ") + ` to "samples"`,
				}
			}
			s.EgoTranslation, s.BikeRacks, s.Scene, s.TimestampUs = info.ego, info.racks, info.scene, info.timestampUs
		} else {
			ego, err := egoFromBoxes(truth.name, t, pred.name, p)
			if err != nil {
				return nil, err
			}
			s.EgoTranslation = ego
		}
		samples[i] = s
	}
	return samples, nil
}

// sameTokens refuses files that do not hold the same samples, and names the first that is missing.
func sameTokens(truth, pred *boxFile) error {
	for _, pair := range [2][2]*boxFile{{truth, pred}, {pred, truth}} {
		has, lacks := pair[0], pair[1]
		for i := range has.results {
			token := has.results[i].token
			if _, ok := lacks.byToken[token]; !ok {
				return &InputError{
					Op: "read", Source: lacks.name, Token: token, Box: noBox, Field: keyResults,
					Problem: fmt.Sprintf("sample is in %s but not here", has.name),
					Cure:    "both files must hold the same samples; give a sample without boxes an empty list",
				}
			}
		}
	}
	return nil
}
