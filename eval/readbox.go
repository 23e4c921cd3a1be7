package eval

import (
	"errors"
	"fmt"
	"io"
	"slices"
)

// attributes are the ones of nuScenes.
var attributes = map[string]string{
	"": "", "vehicle.moving": "vehicle.moving", "vehicle.parked": "vehicle.parked", "vehicle.stopped": "vehicle.stopped",
	"cycle.with_rider": "cycle.with_rider", "cycle.without_rider": "cycle.without_rider", "pedestrian.moving": "pedestrian.moving",
	"pedestrian.standing": "pedestrian.standing", "pedestrian.sitting_lying_down": "pedestrian.sitting_lying_down",
}

// fileReader walks one file. token, box and field say where it is, for errors.
type fileReader struct {
	*scanner
	*format
	side side
	out  *boxFile

	token string
	box   int    // index in its sample, or noBox
	group string // put before field: which bicycle rack it is of
	field string
}

// locate turns an error of the scanner or a fault of the content into an InputError with the reader's place.
func (r *fileReader) locate(err error) error {
	e := &InputError{
		Op: "read", Source: r.out.name, Line: r.line, Token: r.token, Box: r.box, Field: r.group + r.field,
	}
	var f *contentError
	var syn *syntaxError
	switch {
	case errors.As(err, &f):
		if f.field != "" {
			e.Field = r.group + f.field
		}
		e.Problem, e.Cure = f.problem, f.cure
	case errors.As(err, &syn):
		e.Problem, e.Cure = syn.msg, "write it as JSON in nuScenes' submission format"
	case errors.Is(err, io.ErrUnexpectedEOF):
		e.Problem, e.Err, e.Cure = "the file ends too early", err, "get the complete file"
	case errors.Is(err, errTooLarge):
		e.Problem, e.Err, e.Cure = "file too large", err, "split it by samples"
	default:
		e.Problem, e.Err, e.Cure = "cannot be read", err, "check the medium"
	}
	return e
}

// contentError is a fault on its way to locate.
type contentError struct{ fault }

func (e *contentError) Error() string { return e.problem }

func refuse(field, problem, cure string) error {
	return &contentError{fault{field, problem, cure}}
}

// file reads the whole document.
func (r *fileReader) file() error {
	hasResults := false
	err := r.object(func(key string) error {
		switch {
		case key == keyResults:
			if hasResults {
				return refuse(keyResults, "given twice", "keep one")
			}
			hasResults = true
			return r.object(r.sample)
		case key == keySamples && r.side == groundTruthSide:
			if r.out.hasInfo {
				return refuse(keySamples, "given twice", "keep one")
			}
			r.out.hasInfo = true
			return r.object(r.sampleInfo)
		default:
			return r.skip(0)
		}
	})
	if err == nil {
		err = r.end()
	}
	if err == nil && !hasResults {
		return refuse(keyResults, "missing", `give {"meta": {}, "results": {TOKEN: [box, ...]}}`)
	}
	return err
}

// sample reads the boxes of one token.
func (r *fileReader) sample(token string) error {
	r.token = token
	if _, ok := r.out.byToken[token]; ok {
		return refuse(keyResults, "sample given twice", "put all its boxes into one list")
	}
	if len(r.out.results) == maxSamples {
		return refuse(keyResults, fmt.Sprintf("more than %d samples", maxSamples), "split the file by samples")
	}
	limit := maxTruthPerSample
	if r.side == predictionSide {
		limit = r.maxBoxes
	}
	t := tokenBoxes{token: token}
	tracks := map[string]bool{}
	err := r.array(func(i int) error {
		if i == limit {
			return &contentError{*tooManyBoxes(limit)}
		}
		r.box = i
		b, fromEgo, err := r.readBox()
		if err != nil {
			return err
		}
		if r.tracking {
			if tracks[b.Track] {
				return &contentError{*trackTwice(b.Track)}
			}
			tracks[b.Track] = true
		}
		t.boxes = append(t.boxes, b)
		t.ego.add(i, b.Translation, fromEgo)
		r.box = noBox
		return nil
	})
	if err != nil {
		return err
	}
	r.out.byToken[token] = len(r.out.results)
	r.out.results = append(r.out.results, t)
	r.token = ""
	return nil
}

// readBox reads one box. fromEgo is its ego_translation, zero if it has none.
func (r *fileReader) readBox() (b Box, fromEgo [3]float64, err error) {
	b.NumPts = UnknownPoints
	err = r.fields(r.neededOfBox[r.side], func(key string) error {
		switch key {
		case fieldTranslation:
			return r.vector(b.Translation[:])
		case fieldSize:
			return r.vector(b.Size[:])
		case fieldRotation:
			return r.vector(b.Rotation[:])
		case fieldVelocity:
			return r.velocity(&b.Velocity)
		case r.classField:
			return r.class(&b.Class)
		case fieldAttribute:
			if !r.tracking {
				return r.attribute(&b.Attribute)
			}
		case fieldTrack:
			if r.tracking {
				return r.text(&b.Track)
			}
		case fieldNumPts:
			return r.count(&b.NumPts)
		case fieldEgo:
			return r.vector(fromEgo[:])
		case fieldToken:
			return r.sameToken()
		case r.scoreField:
			if r.side == predictionSide {
				return r.score(&b.Score)
			}
		}
		return r.skip(0)
	})
	if err != nil {
		return b, fromEgo, err
	}
	if f := boxFault(&b, r.side, r.format); f != nil {
		return b, fromEgo, &contentError{*f}
	}
	return b, fromEgo, nil
}

// fields reads an object whose fields in need must all be there. No known field may be there twice. read must consume
// the value.
func (r *fileReader) fields(need []string, read func(key string) error) error {
	seen := 0 // bit i: knownFields[i]
	err := r.object(func(key string) error {
		r.field = key
		if i := slices.Index(knownFields, key); i >= 0 {
			if seen&(1<<i) != 0 {
				return refuse("", "given twice", "keep one")
			}
			seen |= 1 << i
		}
		if err := read(key); err != nil {
			return err
		}
		r.field = ""
		return nil
	})
	if err != nil {
		return err
	}
	for _, key := range need {
		if seen&(1<<slices.Index(knownFields, key)) == 0 {
			return refuse(key, "missing", "the format needs this field")
		}
	}
	return nil
}

// sampleInfo reads one entry of "samples".
func (r *fileReader) sampleInfo(token string) error {
	r.token = token
	if _, ok := r.out.samples[token]; ok {
		return refuse(keySamples, "sample given twice", "keep one")
	}
	if len(r.out.samples) == maxSamples {
		return refuse(keySamples, fmt.Sprintf("more than %d samples", maxSamples), "split the file by samples")
	}
	var info sampleInfo
	err := r.fields(r.neededOfSample, func(key string) error {
		switch key {
		case fieldScene:
			if r.tracking {
				return r.text(&info.scene)
			}
		case fieldTimestamp:
			if r.tracking {
				return r.timestamp(&info.timestampUs)
			}
		case fieldEgo:
			return r.vector(info.ego[:])
		case fieldRacks:
			return r.racks(&info.racks)
		}
		return r.skip(0)
	})
	if err != nil {
		return err
	}
	r.out.samples[token] = info
	r.token = ""
	return nil
}

func (r *fileReader) racks(dst *[]BikeRack) error {
	return r.array(func(i int) error {
		if i == maxRacksPerSample {
			return refuse("", fmt.Sprintf("more than %d bicycle racks", maxRacksPerSample), "keep those near the sample")
		}
		r.group = fmt.Sprintf("%s[%d].", fieldRacks, i)
		var k BikeRack
		err := r.fields([]string{fieldTranslation, fieldSize, fieldRotation}, func(key string) error {
			switch key {
			case fieldTranslation:
				return r.vector(k.Translation[:])
			case fieldSize:
				return r.vector(k.Size[:])
			case fieldRotation:
				return r.vector(k.Rotation[:])
			}
			return r.skip(0)
		})
		if err != nil {
			return err
		}
		if f := shapeFault(k.Translation, k.Size, k.Rotation); f != nil {
			return &contentError{*f}
		}
		*dst = append(*dst, k)
		r.group = ""
		return nil
	})
}
