package nuscenes

import (
	"bytes"
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/replay"
	"github.com/fusiond/fusiond/sensors"
)

func importMade(t *testing.T, f *folder, change func(*Config)) (*Report, string) {
	t.Helper()
	c := Config{Folder: f.dir, Out: filepath.Join(t.TempDir(), "out.mcap")}
	if change != nil {
		change(&c)
	}
	r, err := Import(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	return r, c.Out
}

// each calls back with every message of a topic, decoded.
func each[M proto.Message](t *testing.T, path, topic string, m M, f func(m M, raw replay.Message)) int {
	t.Helper()
	r, err := replay.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close() //nolint:errcheck // only read
	n := 0
	for raw, err := range r.Messages(replay.Options{Topics: []string{topic}}) {
		if err != nil {
			t.Fatal(err)
		}
		proto.Reset(m)
		if err := proto.Unmarshal(raw.Data, m); err != nil {
			t.Fatalf("%s seq %d: %v", topic, raw.Seq, err)
		}
		n++
		if raw.Seq != uint32(n) { //nolint:gosec // small
			t.Errorf("%s: message %d has seq %d", topic, n, raw.Seq)
		}
		f(m, raw)
	}
	return n
}

func near(a, b, tolerance float64) bool { return math.Abs(a-b) <= tolerance }

func TestImportMadeFolder(t *testing.T) {
	report, path := importMade(t, madeFolder(t), nil)
	s := report.Scenes[0]
	want := map[string]StreamReport{
		"LIDAR_TOP":   {Rows: 18, Written: 18, RateHz: 10},
		"RADAR_FRONT": {Rows: 21, Written: 21, RateHz: 10},
		"CAM_FRONT":   {Rows: 21, Written: 21, RateHz: 10},
		"CAM_BACK":    {Rows: 21, Written: 20, Missing: 1, RateHz: 10},
	}
	order := []string{"LIDAR_TOP", "RADAR_FRONT", "CAM_FRONT", "CAM_BACK"}
	for i, c := range s.Streams {
		w := want[order[i]]
		if c.Sensor != order[i] || c.Rows != w.Rows || c.Written != w.Written || c.Missing != w.Missing || c.Damaged != 0 || c.RateHz != w.RateHz {
			t.Errorf("stream %d is %+v, want %s %+v", i, c, order[i], w)
		}
	}
	if report.Lost() != 1 || len(s.Problems) != 1 || s.Problems[0].File != "sweeps/CAM_BACK/7.jpg" || s.Problems[0].Reason != "missing" {
		t.Errorf("problems %+v, want the one missing image", s.Problems)
	}
	if s.Vehicle != "scene-1" || s.TruthFrames != 5 || s.Boxes != 6 || s.WithVelocity != 4 || s.BikeRacks != 1 || len(s.Notes) != 0 {
		t.Errorf("report %+v", s)
	}
	info, err := replay.Info(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	if !info.SummaryIntact || len(info.Damages) != 0 || info.Rig.Hash != s.RigHash || int(info.Messages) != s.Messages { //nolint:gosec // small
		t.Errorf("info %+v", info)
	}
	for _, x := range info.Streams {
		gaps := map[string]int{"LIDAR_TOP": 3, "CAM_BACK": 1}[x.Sensor]
		missing := 0
		for _, g := range x.Gaps {
			missing += g.Missing
		}
		if missing != gaps || x.Backwards != 0 {
			t.Errorf("%s: gaps %+v (%d missing), want %d missing", x.Topic, x.Gaps, missing, gaps)
		}
	}
	if got := info.Truth.ByClass; got["car"] != 4 || got["pedestrian"] != 1 || got[""] != 1 || info.Truth.Objects != 3 {
		t.Errorf("truth %+v", info.Truth)
	}
}

func TestImportRig(t *testing.T) {
	_, path := importMade(t, madeFolder(t), func(c *Config) { c.Vehicle = "my car" })
	r, err := replay.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close() //nolint:errcheck // only read
	rig, err := r.Rig()
	if err != nil {
		t.Fatal(err)
	}
	if rig.Vehicle != "my-car" || rig.Revision != "2020-09-13" || len(rig.Sensors) != 4 {
		t.Fatalf("rig %+v", rig)
	}
	for name, phase := range map[sensors.SensorID]int64{"LIDAR_TOP": 0, "RADAR_FRONT": 5e6, "CAM_FRONT": 70e6, "CAM_BACK": 20e6} {
		x, ok := rig.Find(name)
		if !ok || x.PhaseNs != phase || x.EgoFromSensor.Translation.Z != 2 {
			t.Errorf("%s: %+v, want phase %d", name, x, phase)
		}
	}
	front, _ := rig.Find("CAM_FRONT")
	if k := front.Intrinsics; k.Width != 16 || k.Height != 8 || k.Fx != 20 || k.Cx != 7.5 || k.Cy != 3.5 || k.Model != sensors.PinholeRadTan {
		t.Errorf("intrinsics %+v: the size must come from the image's header", k)
	}
}

func TestImportSensors(t *testing.T) {
	_, path := importMade(t, madeFolder(t), nil)
	each(t, path, "av.scene-1.sensor.lidar.LIDAR_TOP", &fusionv1.PointCloud{}, func(m *fusionv1.PointCloud, raw replay.Message) {
		if m.GetPointStep() != 20 || len(m.GetFields()) != 5 || len(m.GetData()) != 40 || m.GetDeskewed() || m.GetIntensityMax() != 255 {
			t.Errorf("cloud %v", m)
		}
		if m.GetSweepEnd() != m.GetHeader().GetStamp() || m.GetSweepEnd()-m.GetSweepStart() != 100e6 || raw.Received-raw.Stamp != 5e6 {
			t.Errorf("sweep %d..%d, arrival %d", m.GetSweepStart(), m.GetSweepEnd(), raw.Received)
		}
	})
	each(t, path, "av.scene-1.sensor.camera.CAM_FRONT", &fusionv1.CameraFrame{}, func(m *fusionv1.CameraFrame, raw replay.Message) {
		if m.GetEncoding() != fusionv1.ImageEncoding_IMAGE_ENCODING_JPEG || m.GetWidth() != 16 || m.GetHeight() != 8 || raw.Received-raw.Stamp != 10e6 {
			t.Errorf("frame %d x %d, %v", m.GetWidth(), m.GetHeight(), m.GetEncoding())
		}
		if !bytes.Equal(m.GetData(), tinyJPEG(t)) {
			t.Error("the image's bytes changed")
		}
	})
	each(t, path, "av.scene-1.sensor.radar.RADAR_FRONT", &fusionv1.RadarScan{}, func(m *fusionv1.RadarScan, raw replay.Message) {
		p := m.GetPoints()
		if len(p) != 2 || p[0].GetX() != 10 || p[0].GetVx() != -4 || p[0].GetVy() != 0.5 || p[0].GetRcsDbsm() != 5 || p[0].GetAmbiguous() ||
			p[0].GetInvalid() || !p[1].GetAmbiguous() || !p[1].GetInvalid() || raw.Received-raw.Stamp != 20e6 {
			t.Errorf("scan %v", m)
		}
	})
}

func TestImportEgo(t *testing.T) {
	_, path := importMade(t, madeFolder(t), nil)
	var last int64
	n := each(t, path, "av.scene-1.ego", &fusionv1.EgoMotion{}, func(m *fusionv1.EgoMotion, _ replay.Message) {
		stamp := m.GetHeader().GetStamp()
		if last != 0 && (stamp <= last || stamp-last > 20_000_000) {
			t.Errorf("step of %d ns, want 1..20 ms", stamp-last)
		}
		last = stamp
		v, w, a := m.GetLinearVelocity(), m.GetAngularVelocity(), m.GetLinearAcceleration()
		if !near(v.GetX(), speedMps, 1e-6) || !near(v.GetY(), 0, 1e-6) || !near(w.GetZ(), 0, 1e-9) || !near(a.GetX(), 0, 1e-4) {
			t.Errorf("at %d: velocity %v, turning %v, acceleration %v; want %g m/s straight on", stamp, v, w, a, speedMps)
		}
		want := speedMps * float64(stamp-baseUs*1000) * 1e-9
		if x := m.GetLocalFromEgo().GetPosition().GetX(); !near(x, want, 1e-6) {
			t.Errorf("at %d: x %g, want %g", stamp, x, want)
		}
		if sd := math.Sqrt(m.GetPoseCovariance()[0]); !near(sd, givenPoseSdM, 1e-9) && !near(sd, betweenPoseSdM, 1e-9) {
			t.Errorf("pose is said to be good to %g m", sd)
		}
	})
	if n < 100 {
		t.Errorf("%d messages in 2 s, want 50 Hz or more", n)
	}
}

func TestImportTruth(t *testing.T) {
	_, path := importMade(t, madeFolder(t), nil)
	i := 0
	each(t, path, "av.scene-1.truth", &fusionv1.TruthFrame{}, func(m *fusionv1.TruthFrame, _ replay.Message) {
		stamp := sensors.StampNs(baseUs*1000) + sensors.StampNs(i)*500_000_000 // sample 2 has no sweep: its own time is the same
		if m.GetHeader().GetStamp() != int64(stamp) {
			t.Errorf("frame %d at %d, want %d", i, m.GetHeader().GetStamp(), stamp)
		}
		ego := 2 * float64(i)
		for _, o := range m.GetObjects() {
			if o.GetClass() != "car" {
				if o.GetVelocity() != nil {
					t.Errorf("%s was seen once and has the velocity %v", o.GetCategory(), o.GetVelocity())
				}
				continue
			}
			c, v, z := o.GetCenter(), o.GetVelocity(), o.GetSize()
			if !near(c.GetX(), 30-ego, 1e-6) || !near(c.GetY(), float64(i), 1e-6) || !near(c.GetZ(), 1, 1e-9) {
				t.Errorf("frame %d: car at %v", i, c)
			}
			if !near(v.GetX(), 0, 1e-6) || !near(v.GetY(), 2, 1e-6) || !near(o.GetYaw(), math.Pi/2, 1e-9) {
				t.Errorf("frame %d: velocity %v, yaw %g", i, v, o.GetYaw())
			}
			if z.GetX() != 4 || z.GetY() != 2 || z.GetZ() != 1.5 || o.GetLidarPoints() != 12 || o.GetRadarPoints() != 3 ||
				o.GetVisibility() != 3 || o.GetAttribute() != "vehicle.moving" {
				t.Errorf("frame %d: %v", i, o)
			}
		}
		i++
	})
}

func TestImportTwiceGivesTheSameBytes(t *testing.T) {
	f := madeFolder(t)
	read := func(change func(*Config)) []byte {
		_, path := importMade(t, f, change)
		b, err := os.ReadFile(path) //nolint:gosec // ours
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	viewers := func(c *Config) { c.Foxglove = true }
	if !bytes.Equal(read(nil), read(nil)) || !bytes.Equal(read(viewers), read(viewers)) {
		t.Error("two imports of the same folder differ")
	}
}

// The times beside a sweep become field t, counted from the sweep's start.
func TestImportTimes(t *testing.T) {
	for _, tc := range []struct {
		name     string
		times    []byte
		deskew   Deskew
		step     uint32
		deskewed bool
		problems int
	}{
		{"times say deskewed", floats(-0.08, 0.001), DeskewByTimes, 24, true, 0},
		{"option says no", floats(-0.08, 0.001), DeskewNo, 24, false, 0},
		{"option says yes", nil, DeskewYes, 20, true, 0},
		{"too few times", floats(-0.08), DeskewByTimes, 20, true, 1},
		{"a time that is no number", floats(-0.08, float32(math.NaN())), DeskewByTimes, 20, true, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := madeFolder(t)
			if tc.times != nil {
				f.write("samples/LIDAR_TOP/5.time.bin", tc.times)
			}
			r, path := importMade(t, f, func(c *Config) { c.Deskewed = tc.deskew })
			if got := len(r.Scenes[0].Problems) - 1; got != tc.problems {
				t.Errorf("problems %+v, want %d besides the image", r.Scenes[0].Problems, tc.problems)
			}
			each(t, path, "av.scene-1.sensor.lidar.LIDAR_TOP", &fusionv1.PointCloud{}, func(m *fusionv1.PointCloud, _ replay.Message) {
				if m.GetHeader().GetStamp() != (baseUs+500_000)*1000 {
					return
				}
				if m.GetPointStep() != tc.step || m.GetDeskewed() != tc.deskewed {
					t.Errorf("step %d, deskewed %t; want %d, %t", m.GetPointStep(), m.GetDeskewed(), tc.step, tc.deskewed)
				}
				if tc.step == 24 {
					first := math.Float32frombits(uint32(m.GetData()[20]) | uint32(m.GetData()[21])<<8 | uint32(m.GetData()[22])<<16 | uint32(m.GetData()[23])<<24)
					if lead := m.GetSweepEnd() - m.GetSweepStart(); !near(float64(lead), 80e6, 10) || !near(float64(first), 0, 1e-8) {
						t.Errorf("sweep of %d ns whose first point has t %g, want 80 ms and 0", lead, first)
					}
				}
			})
		})
	}
}

func TestImportDamagedFolder(t *testing.T) {
	for _, tc := range []struct {
		name   string
		damage func(f *folder)
		config Config
		want   string
	}{
		{"needed tables missing", func(f *folder) { f.remove("v1.0-made/ego_pose.json"); f.remove("v1.0-made/sensor.json") }, Config{}, "ego_pose.json, sensor.json missing"},
		{"no tables", func(f *folder) { f.remove("v1.0-made/scene.json") }, Config{}, "no folder there holds scene.json"},
		{"two versions", func(f *folder) { f.write("v2/scene.json", []byte("[]")) }, Config{}, "name one"},
		{"version outside", func(*folder) {}, Config{Version: "../x"}, "not a folder name"},
		{"unknown scene", func(*folder) {}, Config{Scenes: []string{"scene 2"}}, "the folder has scene 1"},
		{"cut table", func(f *folder) { f.write("v1.0-made/sample_data.json", []byte(`[{"token":"a"`)) }, Config{}, "row 1: unexpected EOF"},
		{"table that is no list", func(f *folder) { f.write("v1.0-made/scene.json", []byte(`{}`)) }, Config{}, "want a list of rows"},
		{"rotation of zeros", func(f *folder) { f.tables["ego_pose"][0]["rotation"] = []int{0, 0, 0, 0}; f.writeTables("v1.0-made") }, Config{}, "is no pose"},
		{"box of no size", func(f *folder) { f.tables["sample_annotation"][0]["size"] = []int{1, 0, 1}; f.writeTables("v1.0-made") }, Config{}, "is no box"},
		{"timestamp in 1969", func(f *folder) { f.tables["sample"][0]["timestamp"] = -5; f.writeTables("v1.0-made") }, Config{}, "no time in microseconds"},
		{"all files missing", func(f *folder) { f.remove("samples"); f.remove("sweeps"); f.sizes() }, Config{}, "not one file"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := madeFolder(t)
			tc.damage(f)
			c := tc.config
			c.Folder, c.Out = f.dir, filepath.Join(t.TempDir(), "out.mcap")
			_, err := Import(context.Background(), c)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want an error with %q", err, tc.want)
			}
			left, globErr := filepath.Glob(filepath.Join(filepath.Dir(c.Out), "*"))
			if globErr != nil || len(left) != 0 {
				t.Errorf("files left behind: %v", left)
			}
		})
	}
}

func (f *folder) remove(name string) {
	if err := os.RemoveAll(filepath.Join(f.dir, name)); err != nil {
		f.t.Fatal(err)
	}
}

// sizes puts the image sizes into the table.
func (f *folder) sizes() {
	for _, r := range f.tables["sample_data"] {
		r["width"], r["height"] = 16, 8
	}
	f.writeTables("v1.0-made")
}

// Damaged files are counted and named; the rest is imported.
func TestImportDamagedFiles(t *testing.T) {
	f := madeFolder(t)
	f.write("samples/LIDAR_TOP/0.pcd.bin", make([]byte, 21))
	f.write("sweeps/LIDAR_TOP/1.pcd.bin", nil)
	f.write("samples/CAM_FRONT/0.jpg", []byte("GIF89a"))
	f.write("samples/RADAR_FRONT/0.pcd", []byte("VERSION 0.7\nDATA ascii\n"))
	f.tables["sample_data"][10]["filename"] = "../../etc/passwd"
	f.remove("v1.0-made/visibility.json")
	delete(f.tables, "visibility")
	f.writeTables("v1.0-made")
	r, _ := importMade(t, f, nil)
	s := r.Scenes[0]
	damaged := 0
	for _, c := range s.Streams {
		damaged += c.Damaged
		if c.Rows != c.Written+c.Missing+c.Damaged+c.Repeated {
			t.Errorf("%+v does not add up", c)
		}
	}
	if damaged != 5 || r.Lost() != 6 || len(s.Notes) != 1 || !strings.Contains(s.Notes[0], "visibility") {
		t.Errorf("%d damaged, %d lost, notes %q; want 5, 6 and the missing table; problems %+v", damaged, r.Lost(), s.Notes, s.Problems)
	}
	var text bytes.Buffer
	if err := r.WriteText(&text); err != nil || !strings.Contains(text.String(), "samples/CAM_FRONT/0.jpg: it is neither JPEG nor PNG") {
		t.Errorf("report does not name the file: %v\n%s", err, text.String())
	}
}

func TestImportCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	out := filepath.Join(t.TempDir(), "out.mcap")
	if _, err := Import(ctx, Config{Folder: madeFolder(t).dir, Out: out}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want cancelled", err)
	}
	if _, err := os.Stat(out + ".partial"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the partial file is left: %v", err)
	}
}

// The real drive, as its README counts it.
func TestImportRealDrive(t *testing.T) {
	dir := os.Getenv("FUSIOND_DRIVE")
	if dir == "" {
		t.Skip("FUSIOND_DRIVE names no nuScenes-layout folder: unpack the drive and set it")
	}
	var sums [2]string
	for i := range sums {
		out := filepath.Join(t.TempDir(), "drive.mcap")
		r, err := Import(context.Background(), Config{Folder: dir, Out: out})
		if err != nil {
			t.Fatal(err)
		}
		info, err := replay.Info(context.Background(), out)
		if err != nil {
			t.Fatal(err)
		}
		sums[i] = info.SHA256
		s := r.Scenes[0]
		if s.Samples != 80 || r.Lost() != 0 || info.Truth.Boxes != 7589 || info.Truth.Objects != 100 || info.Truth.Frames != 80 {
			t.Errorf("report %+v, truth %+v; want 80 samples, 7589 boxes of 100 objects", s, info.Truth)
		}
		for _, x := range info.Streams {
			want, gaps := map[string]uint64{"camera": 80, "lidar": 76}[x.Modality], map[string]int{"lidar": 2}[x.Modality]
			if want != 0 && (x.Messages != want || x.GapCount != gaps) {
				t.Errorf("%s: %d messages, %d gaps; want %d, %d", x.Topic, x.Messages, x.GapCount, want, gaps)
			}
		}
	}
	if sums[0] != sums[1] {
		t.Errorf("two imports have the hashes %s and %s", sums[0], sums[1])
	}
}
