package condition_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"gonum.org/v1/gonum/num/quat"
	"gonum.org/v1/gonum/spatial/r3"

	"github.com/fusiond/fusiond/sensors"
)

// TestRealDriveIsQuiet judges the real drive, a clear day: at most 1 % of the samples of a modality may be named. FUSIOND_DRIVE names its
// folder in nuScenes' layout. Every second picture is taken: decoding them in plain Go is what takes the time.
func TestRealDriveIsQuiet(t *testing.T) {
	folder := os.Getenv("FUSIOND_DRIVE")
	if folder == "" {
		t.Skip("FUSIOND_DRIVE is not set: name the folder of the real drive in nuScenes' layout")
	}
	if testing.Short() {
		t.Skip("decodes some hundred pictures: run without -short")
	}
	streams, err := filepath.Glob(filepath.Join(folder, "samples", "*"))
	if err != nil || len(streams) == 0 {
		t.Fatalf("no streams in %s: %v", folder, err)
	}
	mounts := driveMounts(t, folder)
	samples, named := map[sensors.Modality]int{}, map[sensors.Modality]int{}
	for _, dir := range streams {
		s := sensors.Sensor{Name: sensors.SensorID(filepath.Base(dir)), Modality: sensors.Camera, EgoFromSensor: mounts[filepath.Base(dir)]}
		pattern, step := "*.jpg", 2
		if strings.HasPrefix(string(s.Name), "LIDAR") {
			s.Modality, pattern, step = sensors.Lidar, "*.pcd.bin", 1
		}
		files, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("no samples in %s: %v", dir, err)
		}
		h := monitor(t, &s)
		for i := 0; i < len(files); i += step {
			c := h.update(driveSample(t, files[i], s.Modality))
			samples[s.Modality]++
			if !c.Good() {
				named[s.Modality]++
				t.Logf("%s: %s", filepath.Base(files[i]), c)
			}
		}
	}
	for m, n := range samples {
		if 100*named[m] > n {
			t.Errorf("%s: got %d of %d samples named, want at most 1 %%", m, named[m], n)
		}
	}
}

// driveSample reads one file; its name ends in __<stamp in microseconds>.
func driveSample(t *testing.T, path string, m sensors.Modality) sensors.Sample {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	name, _, _ := strings.Cut(filepath.Base(path), ".")
	us, err := strconv.ParseInt(name[strings.LastIndexByte(name, '_')+1:], 10, 64)
	if err != nil {
		t.Fatalf("stamp of %s: %v", path, err)
	}
	meta := sensors.Meta{Modality: m, Stamp: sensors.StampNs(us * 1000)}
	if m == sensors.Camera {
		return &sensors.CameraFrame{Meta: meta, Encoding: sensors.JPEG, Data: data}
	}
	fields := make([]sensors.Field, 0, 5)
	for i, f := range []string{"x", "y", "z", "intensity", "ring"} {
		fields = append(fields, sensors.Field{Name: f, Offset: 4 * i, Type: sensors.Float32})
	}
	return &sensors.PointCloud{Meta: meta, Fields: fields, Step: 20, Count: len(data) / 20, Deskewed: true, Data: data}
}

// driveMounts reads where the sensors are; rotations are w, x, y, z.
func driveMounts(t *testing.T, folder string) map[string]sensors.Pose {
	t.Helper()
	read := func(table string, into any) {
		files, err := filepath.Glob(filepath.Join(folder, "v1.0-*", table))
		if err != nil || len(files) != 1 {
			t.Fatalf("%s of %s: %d files, %v", table, folder, len(files), err)
		}
		data, err := os.ReadFile(files[0])
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(data, into); err != nil {
			t.Fatalf("%s: %v", files[0], err)
		}
	}
	var channels []struct{ Token, Channel string }
	var mounted []struct {
		SensorToken string `json:"sensor_token"`
		Translation [3]float64
		Rotation    [4]float64
	}
	read("sensor.json", &channels)
	read("calibrated_sensor.json", &mounted)
	poses := map[string]sensors.Pose{}
	for _, c := range channels {
		for _, m := range mounted {
			if m.SensorToken == c.Token {
				poses[c.Channel] = sensors.Pose{
					Rotation:    quat.Number{Real: m.Rotation[0], Imag: m.Rotation[1], Jmag: m.Rotation[2], Kmag: m.Rotation[3]},
					Translation: r3.Vec{X: m.Translation[0], Y: m.Translation[1], Z: m.Translation[2]},
				}
			}
		}
	}
	return poses
}
