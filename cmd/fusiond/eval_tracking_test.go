package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gonum.org/v1/gonum/spatial/r3"
	"google.golang.org/protobuf/proto"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/replay"
	"github.com/fusiond/fusiond/sensors"
)

const (
	trackTruth = "../../eval/testdata/tracking/ground_truth.json"
	trackPred  = "../../eval/testdata/tracking/predictions.json"
)

// trackSummary is what eval --tracking prints, with the field names of nuScenes' metrics_summary.
type trackSummary struct {
	AMOTA   float64                        `json:"amota"`
	Labels  map[string]map[string]*float64 `json:"label_metrics"`
	Period  float64                        `json:"sample_period"`
	Truth   map[string]int                 `json:"num_gt_after_filter"`
	Found   map[string]int                 `json:"num_pred_after_filter"`
	Details map[string]map[string][]any    `json:"per_threshold"`
}

// want compares figures of one class to 1e-9, as near as the shared golden values are held.
func (s *trackSummary) want(t *testing.T, class string, figures map[string]float64) {
	t.Helper()
	for metric, want := range figures {
		if got := s.Labels[metric][class]; got == nil || math.Abs(*got-want) > 1e-9 {
			t.Errorf("%s of %s = %v, want %v", metric, class, printable(got), want)
		}
	}
}

func printable(v *float64) any {
	if v == nil {
		return "null"
	}
	return *v
}

// TestEvalTrackingFiles scores the pair of eval's own tests through the command line.
func TestEvalTrackingFiles(t *testing.T) {
	args := []string{"eval", "--tracking", "--ground-truth", trackTruth, "--predictions", trackPred}
	table := fusiond(t, args...)
	table.want(t, exitOK)
	if !strings.Contains(table.stdout, "AMOTA  0.5188") {
		t.Errorf("table:\n%s\nwant AMOTA 0.5188 in it", table.stdout)
	}
	o := fusiond(t, append(args, "--json")...)
	o.want(t, exitOK)
	var got trackSummary
	o.decode(t, &got)
	if math.Abs(got.AMOTA-41.5/80) > 1e-9 || got.Period != 0.5 || len(got.Details["car"]["confidence"]) != 40 {
		t.Errorf("AMOTA %v, period %v s, %d thresholds, want %v, 0.5 s, 40", got.AMOTA, got.Period, len(got.Details["car"]["confidence"]), 41.5/80)
	}
	got.want(t, "car", map[string]float64{"mota": 0.75, "tp": 3, "fn": 1, "gt": 4})
	got.want(t, "pedestrian", map[string]float64{"ids": 1, "fp": 1})
	if v := got.Labels["mota"]["bus"]; v != nil {
		t.Errorf("mota of buses = %v, want null: there is none", *v)
	}
}

func TestEvalTrackingRefuses(t *testing.T) {
	fusiond(t, "eval", "--legacy-pairs", "--ground-truth", trackTruth, "--predictions", trackPred).want(t, exitUsage, "--tracking")
	fusiond(t, "eval", "--tracking", "--ground-truth", trackTruth).want(t, exitUsage, "--predictions")
	fusiond(t, "eval", "--tracking", "--ground-truth", "testdata/eval/truth.json", "--predictions", trackPred, "--json").
		want(t, exitFail, "truth.json", "tracking_id: missing")
	good, err := os.ReadFile(trackPred)
	if err != nil {
		t.Fatal(err)
	}
	bad := writeFile(t, t.TempDir(), "bad.json", strings.Replace(string(good), `"tracking_id": "3"`, `"tracking_id": "2"`, 1))
	fusiond(t, "eval", "--tracking", "--ground-truth", trackTruth, "--predictions", bad).want(t, exitFail, "bad.json", `"2" is in the sample twice`)
}

// TestEvalTrackingGolden scores the shared golden scenarios through files and the command line, by both rules.
func TestEvalTrackingGolden(t *testing.T) {
	shared := os.Getenv("FUSIOND_SHARED")
	if shared == "" {
		shared = filepath.Join("..", "..", "shared")
	}
	raw, err := os.ReadFile(filepath.Join(shared, "golden", "nuscenes_tracking.json"))
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("SKIP: the shared golden values are not here: FUSIOND_SHARED names the folder that holds golden/")
	}
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Scenarios []struct {
			Name   string
			Scenes []struct {
				Token   string
				Samples []struct {
					Token     string
					Timestamp int64
					Ego       json.RawMessage `json:"ego_translation"`
					Racks     json.RawMessage `json:"bike_racks"`
					GT        json.RawMessage
					Pred      json.RawMessage
				}
			}
			Expected struct{ All map[string]any }
			Legacy   struct{ All map[string]any } `json:"expected_legacy"`
		}
	}
	if err := json.Unmarshal(raw, &golden); err != nil {
		t.Fatal(err)
	}
	if len(golden.Scenarios) == 0 {
		t.Fatal("no scenario in the golden file")
	}
	for _, g := range golden.Scenarios {
		t.Run(g.Name, func(t *testing.T) {
			var truth, pred, about []string
			for _, scene := range g.Scenes {
				for _, s := range scene.Samples {
					truth = append(truth, fmt.Sprintf("%q:%s", s.Token, s.GT))
					pred = append(pred, fmt.Sprintf("%q:%s", s.Token, s.Pred))
					about = append(about, fmt.Sprintf(`%q:{"scene_token":%q,"timestamp":%d,"ego_translation":%s,"bike_racks":%s}`,
						s.Token, scene.Token, s.Timestamp, s.Ego, s.Racks))
				}
			}
			dir := t.TempDir()
			args := []string{
				"eval", "--tracking", "--json",
				"--ground-truth", writeFile(t, dir, "truth.json",
					fmt.Sprintf(`{"meta":{},"results":{%s},"samples":{%s}}`, strings.Join(truth, ","), strings.Join(about, ","))),
				"--predictions", writeFile(t, dir, "pred.json", fmt.Sprintf(`{"meta":{},"results":{%s}}`, strings.Join(pred, ","))),
			}
			for _, rule := range []struct {
				flags []string
				want  map[string]any
			}{{nil, g.Expected.All}, {[]string{"--legacy-pairs"}, g.Legacy.All}} {
				if rule.want == nil {
					continue // both rules give the same
				}
				o := fusiond(t, append(args, rule.flags...)...)
				o.want(t, exitOK)
				var got map[string]any
				o.decode(t, &got)
				for metric, want := range rule.want {
					if metric != "amotp" && metric != "motp" { // those are held to 1e-6, by eval's own test
						compareFigures(t, metric, got[metric], want)
					}
				}
			}
		})
	}
}

// trackedDrive is a recording of one second at 10 Hz: the vehicle drives 10 m/s and turns, a parked car stands 20 m ahead of where it began. The car is found from the
// third frame on, half a metre aside, under the name 1, and from the seventh on under the name 2, in the last frame by a track that coasts.
// Beside it are an object of a class that is not tracked, one out of range, and a list at a time without ground truth.
func trackedDrive(t *testing.T, change func(i int, frame *fusionv1.TruthFrame, list *fusionv1.ObjectList)) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tracked.mcap")
	w, err := replay.Create(path, replay.WriterOptions{Rig: madeRig(tenHertz), Source: "made by a test"})
	if err != nil {
		t.Fatal(err)
	}
	seq := map[string]uint32{}
	put := func(topic string, stamp int64, m proto.Message) {
		data, err := proto.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		seq[topic]++
		at := sensors.StampNs(stamp)
		if err := w.Write(replay.Message{
			Topic: topic, Schema: string(m.ProtoReflect().Descriptor().FullName()), Stamp: at, Received: at.Add(2e6), Seq: seq[topic], Data: data,
		}); err != nil {
			t.Fatal(err)
		}
	}
	size := &fusionv1.Vector3{X: 4.5, Y: 1.9, Z: 1.6}
	for i := range 10 {
		stamp := madeStart + int64(i)*tenHertz
		localFromEgo := sensors.FromYaw(0.05*float64(i), r3.Vec{X: float64(i), Y: 100})
		seen := func(x, y float64) (center *fusionv1.Vector3, yaw float64) {
			p := localFromEgo.Inverse().Mul(sensors.FromYaw(0.3, r3.Vec{X: x, Y: 100 + y, Z: 0.8}))
			return &fusionv1.Vector3{X: p.Translation.X, Y: p.Translation.Y, Z: p.Translation.Z}, p.Yaw()
		}
		truth := func(instance, class string, x, y float64) *fusionv1.TruthObject {
			o := &fusionv1.TruthObject{Instance: instance, Class: class, Size: size, LidarPoints: 4}
			o.Center, o.Yaw = seen(x, y)
			return o
		}
		object := func(id uint64, class string, existence float32, x, y float64) *fusionv1.Object {
			o := &fusionv1.Object{Id: id, Class: class, Size: size, Existence: existence, Score: 0.5}
			o.Center, o.Yaw = seen(x, y)
			return o
		}
		frame := &fusionv1.TruthFrame{
			Header: &fusionv1.Header{Stamp: stamp, Sensor: "truth"}, Token: fmt.Sprint(i), LocalFromEgo: localFromEgo.Proto(),
			Objects: []*fusionv1.TruthObject{truth("car", "car", 20, 0), truth("cone", "traffic_cone", 8, 3), truth("what", "", 8, 9), truth("far", "bus", 99, 0)},
		}
		list := &fusionv1.ObjectList{
			Header:   &fusionv1.Header{Stamp: stamp + 1e6, Sensor: "fusion"}, // 1 ms off is the same moment
			Manifest: &fusionv1.SetManifest{Kind: fusionv1.SetKind_SET_KIND_REFERENCE},
			Objects:  []*fusionv1.Object{object(9, "traffic_cone", 0.9, 8, 3)},
		}
		switch {
		case i == 9:
			o := object(2, "car", 0.75, 20, 0.5)
			o.Score = 0 // it coasts
			list.Objects = append(list.Objects, o)
		case i >= 6:
			list.Objects = append(list.Objects, object(2, "car", 0.75, 20, 0.5))
		case i >= 2:
			list.Objects = append(list.Objects, object(1, "car", 0.75, 20, 0.5))
		}
		if change != nil {
			change(i, frame, list)
		}
		put(replay.TruthTopic(madeVehicle), stamp, frame)
		put("av."+madeVehicle+".objects", stamp+1e6, list)
		put("av."+madeVehicle+".objects", stamp+50e6, &fusionv1.ObjectList{Header: &fusionv1.Header{Stamp: stamp + 50e6}, Manifest: &fusionv1.SetManifest{}})
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestEvalTrackingRecording scores published objects. 7 of 10 frames are matches, one is a switch, two are missed.
func TestEvalTrackingRecording(t *testing.T) {
	o := fusiond(t, "eval", trackedDrive(t, nil), "--tracking", "--json")
	o.want(t, exitOK)
	var got trackSummary
	o.decode(t, &got)
	got.want(t, "car", map[string]float64{
		"gt": 10, "tp": 7, "ids": 1, "fn": 2, "fp": 0, "mota": 0.7, "motp": 0.5, "recall": 0.8, "tid": 0.2, "lgd": 0.2, "mt": 1,
		"amota": 27.0 / 40, "amotp": (27*0.5 + 13*2) / 40, // 27 recalls up to 0.7
	})
	if got.Period != 0.1 || got.Truth["car"] != 10 || got.Found["car"] != 8 || got.Truth["bus"] != 0 {
		t.Errorf("period %v s, %d and %d cars, %d buses, want 0.1 s, 10, 8, 0", got.Period, got.Truth["car"], got.Found["car"], got.Truth["bus"])
	}
	if confidence := got.Details["car"]["confidence"]; confidence[39] != 0.75 {
		t.Errorf("lowest threshold %v, want the existence 0.75", confidence[39])
	}
}

func TestEvalTrackingPart(t *testing.T) {
	o := fusiond(t, "eval", trackedDrive(t, nil), "--tracking", "--json", "--from", "0.15", "--to", "0.65")
	o.want(t, exitOK)
	var got trackSummary
	o.decode(t, &got)
	got.want(t, "car", map[string]float64{"gt": 5, "tp": 4, "ids": 1, "fn": 0})
}

// TestEvalTrackingFrames: which frames are scored, and what is refused.
func TestEvalTrackingFrames(t *testing.T) {
	virtual := trackedDrive(t, func(i int, frame *fusionv1.TruthFrame, list *fusionv1.ObjectList) {
		switch i {
		case 3: // a set of the virtual clock: left out
			list.Manifest.Kind = fusionv1.SetKind_SET_KIND_VIRTUAL
		case 4: // no set, but a car that something saw: scored, and missed
			list.Header.Stamp += 50e6
		case 5: // no set, and no point anywhere: left out
			list.Header.Stamp += 50e6
			for _, o := range frame.Objects {
				o.LidarPoints = 0
			}
		}
	})
	o := fusiond(t, "eval", virtual, "--tracking", "--json")
	o.want(t, exitOK, "2 ground-truth frames have no sweep of the reference")
	var got trackSummary
	o.decode(t, &got)
	got.want(t, "car", map[string]float64{"gt": 8, "fn": 3})

	bare := trackedDrive(t, func(i int, frame *fusionv1.TruthFrame, _ *fusionv1.ObjectList) {
		if i == 2 {
			frame.LocalFromEgo = nil
		}
	})
	fusiond(t, "eval", bare, "--tracking").want(t, exitFail, "has no pose of the vehicle")
	nameless := trackedDrive(t, func(_ int, frame *fusionv1.TruthFrame, _ *fusionv1.ObjectList) { frame.Objects[0].Instance = "" })
	fusiond(t, "eval", nameless, "--tracking").want(t, exitFail, "ground truth", "tracking_id: empty")
}

// TestEvalTrackingModel makes the objects with the model first.
func TestEvalTrackingModel(t *testing.T) {
	needRuntime(t)
	o := fusiond(t, "eval", madeRecording(t, 5), "--tracking", "--json", "--model", modelPackage)
	o.want(t, exitOK)
	var got trackSummary
	o.decode(t, &got)
	got.want(t, "car", map[string]float64{"gt": 5})
}
