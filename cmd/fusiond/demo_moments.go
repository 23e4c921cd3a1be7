package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fusiond/fusiond/internal/pipeline"
	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/sensors"
)

// secondReport is one second of a drive: how the output lives through it. Truth counts the labelled objects within foundRangeM that a clean
// lidar or radar would have touched; Found those of them with an object of the same class group within foundM; False the objects in that range
// without any labelled one of their group within foundM.
type secondReport struct {
	At    int    `json:"at_s"`
	Sets  int    `json:"sets"`
	Mean  int    `json:"objects_a_set"`
	Truth int    `json:"truth"`
	Found int    `json:"found"`
	False int    `json:"false"`
	Mode  string `json:"mode"`
	// Reliability by modality, and the reasons named with the sensors that have them, in the second's last set.
	Reliability map[string]float64  `json:"reliability"`
	Reasons     map[string][]string `json:"reasons"`
}

const (
	foundRangeM = 30
	foundM      = 2
	// foundExistence is the least existence of an object that counts.
	foundExistence = 0.25
	// goodReliability and above is not worth a word.
	goodReliability = 0.95
)

// seconds compares the published lists with the ground truth, second by second; nil without ground truth.
func seconds(lists []*fusionv1.ObjectList, truth *pipeline.Truth, start sensors.StampNs) []secondReport {
	if len(truth.Frames()) == 0 {
		return nil
	}
	var out []secondReport
	objects := 0
	for _, l := range lists {
		stamp := sensors.StampNs(l.Header.Stamp)
		at := int(stamp.Sub(start).Seconds())
		if len(out) == 0 || out[len(out)-1].At != at {
			out = append(out, secondReport{At: at})
			objects = 0
		}
		s := &out[len(out)-1]
		s.Sets++
		objects += len(l.Objects)
		s.Mean, s.Mode = objects/s.Sets, lower(l.Mode.String(), "MODE_")
		s.Reliability, s.Reasons = conditionsOf(l)
		if f := truth.At(stamp); f != nil {
			n, found, wrong := foundIn(l, f)
			s.Truth += n
			s.Found += found
			s.False += wrong
		}
	}
	return out
}

// conditionsOf gives the reliability of each modality present, and the sensors of each reason.
func conditionsOf(l *fusionv1.ObjectList) (reliability map[string]float64, reasons map[string][]string) {
	reliability, reasons = map[string]float64{}, map[string][]string{}
	for _, m := range l.Modalities {
		if m.Present {
			reliability[lower(m.Modality.String(), "MODALITY_")] = float64(m.Reliability)
		}
	}
	for _, m := range l.Manifest.GetMembers() {
		if why := m.ReliabilityReason; why != "" {
			reasons[why] = append(reasons[why], m.Stream)
		}
	}
	return reliability, reasons
}

// unreliable says in short which sensors are not what they should be, and what that leaves of their modalities:
// "fog: LIDAR_TOP, 6 CAM (camera 0.31, lidar 0.25)", or "-".
func (s *secondReport) unreliable() string {
	var parts, left []string
	for why, streams := range s.Reasons {
		parts = append(parts, why+": "+inShort(streams))
	}
	if len(parts) == 0 {
		return "-"
	}
	for modality, r := range s.Reliability {
		if r < goodReliability {
			left = append(left, fmt.Sprintf("%s %.2f", modality, r))
		}
	}
	slices.Sort(parts)
	slices.Sort(left)
	words := strings.Join(parts, "; ")
	if len(left) > 0 {
		words += " (" + strings.Join(left, ", ") + ")"
	}
	return words
}

// inShort lists names, and counts those with the same beginning up to an underscore when there are more than two: "4 CAM".
func inShort(names []string) string {
	var order []string
	of := map[string][]string{}
	for _, name := range names {
		prefix, _, _ := strings.Cut(name, "_")
		if of[prefix] == nil {
			order = append(order, prefix)
		}
		of[prefix] = append(of[prefix], name)
	}
	var words []string
	for _, prefix := range order {
		if n := len(of[prefix]); n > 2 {
			words = append(words, fmt.Sprintf("%d %s", n, prefix))
		} else {
			words = append(words, of[prefix]...)
		}
	}
	return strings.Join(words, ", ")
}

func foundIn(l *fusionv1.ObjectList, f *fusionv1.TruthFrame) (n, found, wrong int) {
	counted := func(o *fusionv1.Object) bool { return float64(o.Existence) >= foundExistence }
	same := func(o *fusionv1.Object, t *fusionv1.TruthObject) bool {
		return distance2(o.Center, t.Center) <= foundM*foundM && group(o.Class) == group(t.Class)
	}
	inRange := func(v *fusionv1.Vector3) bool { return distance2(v, nil) <= foundRangeM*foundRangeM }
	for _, t := range f.Objects {
		if !inRange(t.Center) || pipeline.TruthPoints(t) == 0 {
			continue
		}
		n++
		if slices.ContainsFunc(l.Objects, func(o *fusionv1.Object) bool { return counted(o) && same(o, t) }) {
			found++
		}
	}
	for _, o := range l.Objects {
		if counted(o) && inRange(o.Center) && !slices.ContainsFunc(f.Objects, func(t *fusionv1.TruthObject) bool { return same(o, t) }) {
			wrong++
		}
	}
	return n, found, wrong
}

// distance2 is the square of the distance of two points in the plane; nil is the ego.
func distance2(a, b *fusionv1.Vector3) float64 {
	dx, dy := a.GetX()-b.GetX(), a.GetY()-b.GetY()
	return dx*dx + dy*dy
}

// group puts classes together that are easily taken for one another.
func group(class string) string {
	switch class {
	case "car", "truck", "bus", "trailer", "construction_vehicle":
		return "vehicle"
	case "bicycle", "motorcycle":
		return "cycle"
	default:
		return class
	}
}
