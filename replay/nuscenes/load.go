package nuscenes

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/num/quat"
	"gonum.org/v1/gonum/spatial/r3"

	"github.com/fusiond/fusiond/sensors"
)

// drive is what the tables say about the chosen scenes.
type drive struct {
	scenes     []*scene // by name
	sensors    map[string]sensorRow
	order      map[string]int // channel -> place in the sensor table
	calibrated map[string]calibratedRow
	poses      map[string]egoPose // only those that the scenes use
	instances  map[string]string  // token -> category token
	categories map[string]string  // token -> name
	attributes map[string]string
	visibility map[string]uint32
	absent     []string // optional tables that are missing
}

// scene is one recording to be.
type scene struct {
	row     sceneRow
	log     logRow
	samples []sampleRow                 // by timestamp
	data    []dataRow                   // by timestamp, then channel
	truth   map[string][]*annotationRow // sample token -> boxes in the table's order
	byToken map[string]*annotationRow
}

type egoPose struct {
	stamp         sensors.StampNs
	globalFromEgo sensors.Pose
}

// stampOf turns a timestamp into nanoseconds.
func stampOf(us int64) sensors.StampNs { return sensors.StampNs(us) * 1000 }

// maxTimestamp keeps stampOf from overflowing.
const maxTimestamp = math.MaxInt64 / 1000

func checkTimestamp(us int64) error {
	if us <= 0 || us > maxTimestamp {
		return fmt.Errorf("timestamp %d is no time in microseconds since 1970", us)
	}
	return nil
}

// poseOf builds a pose from a row; the quaternion is normalised as the format's own reader does.
func poseOf(q [4]float64, t [3]float64) (sensors.Pose, error) {
	p, ok := sensors.PoseFromProto(sensors.Pose{
		Rotation:    quat.Number{Real: q[0], Imag: q[1], Jmag: q[2], Kmag: q[3]},
		Translation: vec(t),
	}.Proto())
	if !ok {
		return sensors.Pose{}, fmt.Errorf("rotation %v with translation %v is no pose", q, t)
	}
	return p, nil
}

func vec(v [3]float64) r3.Vec { return r3.Vec{X: v[0], Y: v[1], Z: v[2]} }

// load reads the tables in dir for the scenes named (all when empty).
func load(dir string, names []string) (*drive, error) {
	absent, err := checkTables(dir)
	if err != nil {
		return nil, err
	}
	d := &drive{
		sensors: map[string]sensorRow{}, order: map[string]int{}, calibrated: map[string]calibratedRow{},
		poses: map[string]egoPose{}, instances: map[string]string{}, categories: map[string]string{},
		attributes: map[string]string{}, visibility: map[string]uint32{}, absent: absent,
	}
	scenes, err := d.loadScenes(dir, names)
	if err != nil {
		return nil, err
	}
	bySample, err := d.loadSamples(dir, scenes)
	if err != nil {
		return nil, err
	}
	if err := d.loadSensors(dir); err != nil {
		return nil, err
	}
	if err := d.loadData(dir, bySample); err != nil {
		return nil, err
	}
	if err := d.loadTruth(dir, bySample); err != nil {
		return nil, err
	}
	return d, nil
}

func (d *drive) loadScenes(dir string, names []string) (map[string]*scene, error) {
	logs := map[string]logRow{}
	if err := readTable(dir, "log", func(r *logRow) error { logs[r.Token] = *r; return nil }); err != nil {
		return nil, err
	}
	scenes := map[string]*scene{}
	var all []string
	err := readTable(dir, "scene", func(r *sceneRow) error {
		all = append(all, r.Name)
		if len(names) > 0 && !slices.Contains(names, r.Name) {
			return nil
		}
		s := &scene{row: *r, log: logs[r.LogToken], truth: map[string][]*annotationRow{}, byToken: map[string]*annotationRow{}}
		scenes[r.Token] = s
		d.scenes = append(d.scenes, s)
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, n := range names {
		if !slices.Contains(all, n) {
			slices.Sort(all)
			return nil, fmt.Errorf("find scene %q: the folder has %s: name one of them", n, shortList(all))
		}
	}
	if len(d.scenes) == 0 {
		return nil, errors.New("find scenes: table scene.json has no rows")
	}
	slices.SortFunc(d.scenes, func(a, b *scene) int {
		return cmp.Or(strings.Compare(a.row.Name, b.row.Name), strings.Compare(a.row.Token, b.row.Token))
	})
	return scenes, nil
}

func shortList(names []string) string {
	const most = 12
	if n := len(names); n > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), n-most)
	}
	return strings.Join(names, ", ")
}

func (d *drive) loadSamples(dir string, scenes map[string]*scene) (map[string]*scene, error) {
	bySample := map[string]*scene{}
	err := readTable(dir, "sample", func(r *sampleRow) error {
		s, ok := scenes[r.Scene]
		if !ok {
			return nil
		}
		if err := checkTimestamp(r.Timestamp); err != nil {
			return err
		}
		s.samples = append(s.samples, *r)
		bySample[r.Token] = s
		return nil
	})
	for _, s := range d.scenes {
		slices.SortFunc(s.samples, func(a, b sampleRow) int {
			return cmp.Or(cmp.Compare(a.Timestamp, b.Timestamp), strings.Compare(a.Token, b.Token))
		})
	}
	return bySample, err
}

func (d *drive) loadSensors(dir string) error {
	err := readTable(dir, "sensor", func(r *sensorRow) error {
		d.sensors[r.Token] = *r
		if _, ok := d.order[r.Channel]; !ok {
			d.order[r.Channel] = len(d.order)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return readTable(dir, "calibrated_sensor", func(r *calibratedRow) error {
		if _, ok := d.sensors[r.Sensor]; !ok {
			return fmt.Errorf("calibrated sensor %s names the unknown sensor %q", r.Token, r.Sensor)
		}
		d.calibrated[r.Token] = *r
		return nil
	})
}

func (d *drive) loadData(dir string, bySample map[string]*scene) error {
	wanted := map[string]bool{}
	err := readTable(dir, "sample_data", func(r *dataRow) error {
		s, ok := bySample[r.Sample]
		if !ok {
			return nil
		}
		if err := checkTimestamp(r.Timestamp); err != nil {
			return err
		}
		if _, ok := d.calibrated[r.Calibrated]; !ok {
			return fmt.Errorf("%s names the unknown calibrated sensor %q", r.Filename, r.Calibrated)
		}
		s.data = append(s.data, *r)
		wanted[r.EgoPose] = true
		return nil
	})
	if err != nil {
		return err
	}
	for _, s := range d.scenes {
		slices.SortFunc(s.data, func(a, b dataRow) int {
			return cmp.Or(cmp.Compare(a.Timestamp, b.Timestamp), strings.Compare(d.channel(a), d.channel(b)),
				strings.Compare(a.Token, b.Token))
		})
	}
	err = readTable(dir, "ego_pose", func(r *egoRow) error {
		if !wanted[r.Token] {
			return nil
		}
		if err := checkTimestamp(r.Timestamp); err != nil {
			return err
		}
		p, err := poseOf(r.Rotation, r.Translation)
		if err != nil {
			return fmt.Errorf("ego pose %s: %w", r.Token, err)
		}
		d.poses[r.Token] = egoPose{stamp: stampOf(r.Timestamp), globalFromEgo: p}
		return nil
	})
	return err
}

func (d *drive) channel(r dataRow) string {
	return d.sensors[d.calibrated[r.Calibrated].Sensor].Channel
}

func (d *drive) loadTruth(dir string, bySample map[string]*scene) error {
	return errors.Join(
		readTable(dir, "category", func(r *namedRow) error { d.categories[r.Token] = r.Name; return nil }),
		readTable(dir, "attribute", func(r *namedRow) error { d.attributes[r.Token] = r.Name; return nil }),
		readTable(dir, "visibility", func(r *visibilityRow) error { d.visibility[r.Token] = visibilityLevel(r.Level); return nil }),
		readTable(dir, "instance", func(r *instanceRow) error { d.instances[r.Token] = r.Category; return nil }),
		readTable(dir, "sample_annotation", func(r *annotationRow) error {
			s, ok := bySample[r.Sample]
			if !ok {
				return nil
			}
			if _, err := poseOf(r.Rotation, r.Translation); err != nil {
				return fmt.Errorf("annotation %s: %w", r.Token, err)
			}
			for _, v := range r.Size {
				if !(v > 0) || math.IsInf(v, 0) {
					return fmt.Errorf("annotation %s: size %v is no box", r.Token, r.Size)
				}
			}
			row := *r
			s.truth[r.Sample] = append(s.truth[r.Sample], &row)
			s.byToken[r.Token] = &row
			return nil
		}),
	)
}

// visibilityLevel turns "v0-40" ... "v80-100" into 1 ... 4; 0 = not known.
func visibilityLevel(level string) uint32 {
	return map[string]uint32{"v0-40": 1, "v40-60": 2, "v60-80": 3, "v80-100": 4}[level]
}
