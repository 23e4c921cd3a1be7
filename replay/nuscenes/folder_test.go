package nuscenes

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"image"
	"image/jpeg"
	"math"
	"os"
	"path/filepath"
	"testing"
)

// A made drive: a scene of 5 samples at 2 Hz in which the vehicle drives along global x at 4 m/s; two cameras, a lidar with
// sweeps at 10 Hz, one radar. One image is missing and the lidar has a hole of three sweeps around sample 2.
const (
	baseUs   = int64(1_600_000_000_000_000)
	speedMps = 4.0
)

type row map[string]any

// folder collects tables until it is written.
type folder struct {
	t      testing.TB
	dir    string
	tables map[string][]row
}

func (f *folder) add(table string, r row) { f.tables[table] = append(f.tables[table], r) }

func (f *folder) write(name string, data []byte) {
	f.t.Helper()
	path := filepath.Join(f.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		f.t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		f.t.Fatal(err)
	}
}

func (f *folder) writeTables(version string) {
	f.t.Helper()
	for name, rows := range f.tables {
		b, err := json.Marshal(rows)
		if err != nil {
			f.t.Fatal(err)
		}
		f.write(version+"/"+name+".json", b)
	}
}

func tinyJPEG(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 16, 8)), nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func floats(v ...float32) []byte {
	var b []byte
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return b
}

// radarRow is one point of a nuScenes radar file.
type radarRow struct {
	x, y, rcs, vx, vy, vxComp float32
	invalid, ambig            int8
}

// radarFile writes the 18 fields of 43 bytes a row, with a byte behind the last as the public reader wants it.
func radarFile(rows ...radarRow) []byte {
	var b bytes.Buffer
	n := max(len(rows), 1)
	fmt.Fprintf(&b, "# .PCD v0.7 - Point Cloud Data file format\nVERSION 0.7\n"+
		"FIELDS x y z dyn_prop id rcs vx vy vx_comp vy_comp is_quality_valid ambig_state x_rms y_rms invalid_state pdh0 vx_rms vy_rms\n"+
		"SIZE 4 4 4 1 2 4 4 4 4 4 1 1 1 1 1 1 1 1\nTYPE F F F I I F F F F F I I I I I I I I\n"+
		"COUNT 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1\nWIDTH %d\nHEIGHT 1\nVIEWPOINT 0 0 0 1 0 0 0\nPOINTS %d\nDATA binary\n", n, n)
	if len(rows) == 0 {
		rows = []radarRow{{x: float32(math.NaN())}}
	}
	for _, r := range rows {
		b.Write(floats(r.x, r.y, 0))
		b.Write([]byte{6, 1, 0})
		b.Write(floats(r.rcs, r.vx, r.vy, r.vxComp, 0))
		b.Write([]byte{1, byte(r.ambig), 0, 0, byte(r.invalid), 1, 0, 0}) //nolint:gosec // the file's own form
	}
	b.WriteByte('\n')
	return b.Bytes()
}

// madeFolder writes the drive described above.
func madeFolder(t testing.TB) *folder {
	t.Helper()
	f := &folder{t: t, dir: t.TempDir(), tables: map[string][]row{}}
	f.add("log", row{"token": "log", "logfile": "l", "vehicle": "n1", "date_captured": "2020-09-13", "location": "here"})
	f.add("scene", row{"token": "scene", "log_token": "log", "name": "scene 1", "description": "made", "nbr_samples": 5})
	f.tables["map"] = []row{}
	for _, s := range []struct{ name, modality string }{{"CAM_FRONT", "camera"}, {"CAM_BACK", "camera"}, {"RADAR_FRONT", "radar"}, {"LIDAR_TOP", "lidar"}} {
		f.add("sensor", row{"token": "s" + s.name, "channel": s.name, "modality": s.modality})
		k, rotation := any([]int{}), []float64{1, 0, 0, 0}
		if s.modality == "camera" {
			rotation = []float64{0.5, -0.5, 0.5, -0.5}
			k = [][]float64{{20, 0, 7.5}, {0, 20, 3.5}, {0, 0, 1}}
		}
		f.add("calibrated_sensor", row{
			"token": "c" + s.name, "sensor_token": "s" + s.name, "translation": []float64{1, 0, 2},
			"rotation": rotation, "camera_intrinsic": k,
		})
	}
	for i, n := range []string{"vehicle.car", "human.pedestrian.adult", "static_object.bicycle_rack", "animal"} {
		f.add("category", row{"token": fmt.Sprint("k", i), "name": n})
		f.add("instance", row{"token": fmt.Sprint("i", i), "category_token": fmt.Sprint("k", i)})
	}
	f.add("attribute", row{"token": "a", "name": "vehicle.moving"})
	f.add("visibility", row{"token": "3", "level": "v60-80"})
	chain := func(prefix string, i, n int) (prev, next string) {
		if i > 0 {
			prev = fmt.Sprint(prefix, i-1)
		}
		if i < n-1 {
			next = fmt.Sprint(prefix, i+1)
		}
		return prev, next
	}
	for i := range 5 {
		prev, next := chain("sample", i, 5)
		f.add("sample", row{"token": fmt.Sprint("sample", i), "timestamp": baseUs + int64(i)*500_000, "prev": prev, "next": next, "scene_token": "scene"})
		f.annotate(i)
	}
	for i := range 21 { // 10 Hz
		us := baseUs + int64(i)*100_000
		sample := fmt.Sprint("sample", (i+4)/5)
		if i < 9 || i > 11 {
			f.data("LIDAR_TOP", i, us, sample, i%5 == 0, "pcd.bin", floats(1, 2, 3, 100, 7, -4, 5, 6, 50, 9))
		}
		f.data("CAM_FRONT", i, us-30_000, sample, i%5 == 0, "jpg", tinyJPEG(t))
		f.data("CAM_BACK", i, us+20_000, sample, i%5 == 0, "jpg", tinyJPEG(t))
		f.data("RADAR_FRONT", i, us+5_000, sample, i%5 == 0, "pcd",
			radarFile(radarRow{x: 10, y: 1, rcs: 5, vx: -4, vy: 0.5, vxComp: 0, ambig: 3}, radarRow{x: 20, ambig: 1, invalid: 6}))
	}
	if err := os.Remove(filepath.Join(f.dir, "sweeps", "CAM_BACK", "7.jpg")); err != nil {
		t.Fatal(err)
	}
	f.writeTables("v1.0-made")
	return f
}

// data adds a sensor's file with its own ego pose.
func (f *folder) data(channel string, i int, us int64, sample string, key bool, ext string, content []byte) {
	kind := "sweeps"
	if key {
		kind = "samples"
	}
	token := fmt.Sprint(channel, i)
	name := fmt.Sprintf("%s/%s/%d.%s", kind, channel, i, ext)
	f.add("sample_data", row{
		"token": token, "sample_token": sample, "ego_pose_token": "p" + token, "calibrated_sensor_token": "c" + channel,
		"timestamp": us, "is_key_frame": key, "width": 0, "height": 0, "filename": name, "prev": "", "next": "",
	})
	x := speedMps * float64(us-baseUs) * 1e-6
	f.add("ego_pose", row{"token": "p" + token, "timestamp": us, "rotation": []float64{1, 0, 0, 0}, "translation": []float64{x, 100, 0}})
	f.write(name, content)
}

// annotate adds a car that drives along y at 2 m/s (samples 0 to 3), a pedestrian seen once, a rack and an animal.
func (f *folder) annotate(i int) {
	box := func(token string, instance int, x, y float64, prev, next string) {
		f.add("sample_annotation", row{
			"token": token, "sample_token": fmt.Sprint("sample", i), "instance_token": fmt.Sprint("i", instance), "visibility_token": "3",
			"attribute_tokens": []string{"a"}, "translation": []float64{x, y, 1}, "size": []float64{2, 4, 1.5},
			"rotation": []float64{math.Sqrt2 / 2, 0, 0, math.Sqrt2 / 2}, "prev": prev, "next": next, "num_lidar_pts": 12, "num_radar_pts": 3,
		})
	}
	if i < 4 {
		prev, next := "", ""
		if i > 0 {
			prev = fmt.Sprint("car", i-1)
		}
		if i < 3 {
			next = fmt.Sprint("car", i+1)
		}
		box(fmt.Sprint("car", i), 0, 30, 100+float64(i), prev, next)
	}
	if i == 1 {
		box("walker", 1, 12, 103, "", "")
		box("rack", 2, 12, 95, "", "")
		box("cat", 3, 13, 96, "", "")
	}
}
