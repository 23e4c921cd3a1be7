package sensors

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gonum.org/v1/gonum/num/quat"
	"gonum.org/v1/gonum/spatial/r3"
	"pgregory.net/rapid"
)

const goodRig = `# a van
vehicle: van_1
revision: "2026-03"
body: {length_m: 5.1, width_m: 2.0, height_m: 2.1, rear_overhang_m: 1.2}
sensors:
  - name: LIDAR_TOP
    modality: lidar
    rate_hz: 10
    clock: synchronised
    range_m: 120
    azimuth_fov_deg: 360
    elevation_fov_deg: 40
    ego_from_sensor:
      translation: [1.2, 0, 1.9]
      rotation_matrix: [[0, 1, 0], [-1, 0, 0], [0, 0, 1]]
  - name: CAM_FRONT
    modality: camera
    rate_hz: 12.5
    phase_ms: -33.25
    ego_from_sensor:
      translation: [1.7, 0.0, 1.5]
      rotation: [0.5, -0.5, 0.5, -0.5]
    intrinsics:
      width: 1920
      height: 1080
      fx: 1970.01
      fy: 1970.2
      cx: 970.5
      cy: 483.25
      model: pinhole_radtan
      distortion: [-0.25, 0.08, 1e-5, -0.0002]
`

func TestParseRig(t *testing.T) {
	got, err := ParseRig([]byte(goodRig), "van.yaml")
	if err != nil {
		t.Fatal(err)
	}
	half := math.Sqrt(0.5)
	want := &Rig{
		Vehicle: "van_1", Revision: "2026-03",
		Body: Body{LengthM: 5.1, WidthM: 2, HeightM: 2.1, RearOverhangM: 1.2},
		Sensors: []Sensor{{
			Name: "LIDAR_TOP", Modality: Lidar, RateHz: 10, Clock: ClockSynchronised, RangeM: 120,
			AzimuthFovRad: 2 * math.Pi, ElevationFovRad: 40 * math.Pi / 180,
			EgoFromSensor: Pose{Rotation: quat.Number{Real: half, Kmag: -half}, Translation: r3.Vec{X: 1.2, Z: 1.9}},
		}, {
			Name: "CAM_FRONT", Modality: Camera, RateHz: 12.5, PhaseNs: -33_250_000,
			EgoFromSensor: Pose{
				Rotation:    quat.Number{Real: 0.5, Imag: -0.5, Jmag: 0.5, Kmag: -0.5},
				Translation: r3.Vec{X: 1.7, Z: 1.5},
			},
			Intrinsics: &Intrinsics{
				Width: 1920, Height: 1080, Fx: 1970.01, Fy: 1970.2, Cx: 970.5, Cy: 483.25,
				Distortion: [8]float64{-0.25, 0.08, 1e-5, -0.0002},
			},
		}},
	}
	// One rounding of the square root and of the degrees.
	near := cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) <= 4e-16*math.Max(1, math.Abs(a)) })
	if d := cmp.Diff(want, got, near); d != "" {
		t.Errorf("ParseRig (-want +got):\n%s", d)
	}
	// The lidar's y axis points forward: its x axis points to the right of the vehicle.
	if p := got.Sensors[0].EgoFromSensor.Rotate(r3.Vec{X: 1}); r3.Norm(r3.Sub(p, r3.Vec{Y: -1})) > 1e-15 {
		t.Errorf("lidar's x axis in the ego frame = %v, want (0, -1, 0)", p)
	}
	if r := got.Of(Radar); len(r) != 0 {
		t.Errorf("radars = %v, want none", r)
	}
}

// Each case changes one line of the good rig and names the faults that must be reported, as "line: field".
func TestParseRigFaults(t *testing.T) {
	for _, tt := range []struct {
		name, old, new string
		want           []string
	}{
		{"unknown key", "revision:", "revison:", []string{"3: revison", "2: revision"}},
		{"unknown key of a sensor", "    range_m: 120", "    range_km: 120", []string{"10: sensors[0](LIDAR_TOP).range_km"}},
		{"key twice", "    range_m: 120", "    range_m: 120\n    rate_hz: 5", []string{"11: sensors[0](LIDAR_TOP).rate_hz"}},
		{"vehicle with a dot", "van_1", "van.1", []string{"2: vehicle"}},
		{"vehicle a number", "van_1", "17", []string{"2: vehicle"}},
		{"revision empty", `"2026-03"`, `""`, []string{"3: revision"}},
		{"revision long", `"2026-03"`, strings.Repeat("r", 65), []string{"3: revision"}},
		{"body size", "length_m: 5.1", "length_m: -5", []string{"4: body.length_m"}},
		{"body in millimetres", "width_m: 2.0", "width_m: 2000", []string{"4: body.width_m"}},
		{"overhang longer than the body", "rear_overhang_m: 1.2", "rear_overhang_m: 5.2", []string{"4: body.rear_overhang_m"}},
		{"no body", "body: {length_m: 5.1, width_m: 2.0, height_m: 2.1, rear_overhang_m: 1.2}\n", "", []string{"2: body"}},
		{"body a list", "{length_m: 5.1, width_m: 2.0, height_m: 2.1, rear_overhang_m: 1.2}", "[1, 2]", []string{"4: body"}},
		{"name not a token", "CAM_FRONT", "CAM.FRONT", []string{"16: sensors[1].name"}},
		{"name with wildcard", "CAM_FRONT", `"CAM*"`, []string{"16: sensors[1].name"}},
		{"name with space", "CAM_FRONT", "CAM FRONT", []string{"16: sensors[1].name"}},
		{"name twice", "CAM_FRONT", "LIDAR_TOP", []string{"16: sensors[1](LIDAR_TOP).name"}},
		{"named ego", "CAM_FRONT", "ego", []string{"16: sensors[1](ego).name"}},
		{"unknown modality", "modality: lidar", "modality: sonar", []string{"7: sensors[0](LIDAR_TOP).modality"}},
		{"ego as a modality", "modality: lidar", "modality: ego", []string{"7: sensors[0](LIDAR_TOP).modality"}},
		{"no modality", "    modality: lidar\n", "", []string{"6: sensors[0](LIDAR_TOP).modality"}},
		{"rate zero", "rate_hz: 10", "rate_hz: 0", []string{"8: sensors[0](LIDAR_TOP).rate_hz"}},
		{"rate negative", "rate_hz: 10", "rate_hz: -10", []string{"8: sensors[0](LIDAR_TOP).rate_hz"}},
		{"rate in words", "rate_hz: 10", "rate_hz: ten", []string{"8: sensors[0](LIDAR_TOP).rate_hz"}},
		{"rate empty", "rate_hz: 10", "rate_hz:", []string{"8: sensors[0](LIDAR_TOP).rate_hz"}},
		{"no rate", "    rate_hz: 10\n", "", []string{"6: sensors[0](LIDAR_TOP).rate_hz"}},
		{"rate not a number", "rate_hz: 10", "rate_hz: .nan", []string{"8: sensors[0](LIDAR_TOP).rate_hz"}},
		{"phase infinite", "phase_ms: -33.25", "phase_ms: .inf", []string{"19: sensors[1](CAM_FRONT).phase_ms"}},
		{"clock", "clock: synchronised", "clock: good", []string{"9: sensors[0](LIDAR_TOP).clock"}},
		{"range negative", "range_m: 120", "range_m: -1", []string{"10: sensors[0](LIDAR_TOP).range_m"}},
		{"field of view", "azimuth_fov_deg: 360", "azimuth_fov_deg: 361", []string{"11: sensors[0](LIDAR_TOP).azimuth_fov_deg"}},
		{"translation short", "[1.2, 0, 1.9]", "[1.2, 0]", []string{"14: sensors[0](LIDAR_TOP).ego_from_sensor.translation"}},
		{"translation infinite", "[1.2, 0, 1.9]", "[1.2, -.inf, 1.9]", []string{"14: sensors[0](LIDAR_TOP).ego_from_sensor.translation[1]"}},
		{"translation in millimetres", "[1.2, 0, 1.9]", "[1200, 0, 1.9]", []string{"14: sensors[0](LIDAR_TOP).ego_from_sensor.translation[0]"}},
		{
			"rotation not orthonormal", "[[0, 1, 0], [-1, 0, 0], [0, 0, 1]]", "[[0, 1, 0], [-1, 0, 0.1], [0, 0, 1]]",
			[]string{"15: sensors[0](LIDAR_TOP).ego_from_sensor.rotation_matrix"},
		},
		{
			"rotation a mirror", "[[0, 1, 0], [-1, 0, 0], [0, 0, 1]]", "[[0, 1, 0], [1, 0, 0], [0, 0, 1]]",
			[]string{"15: sensors[0](LIDAR_TOP).ego_from_sensor.rotation_matrix"},
		},
		{
			"rotation with two rows", "[[0, 1, 0], [-1, 0, 0], [0, 0, 1]]", "[[0, 1, 0], [-1, 0, 0]]",
			[]string{"15: sensors[0](LIDAR_TOP).ego_from_sensor.rotation_matrix"},
		},
		{
			"rotation with a short row", "[[0, 1, 0], [-1, 0, 0], [0, 0, 1]]", "[[0, 1, 0], [-1, 0], [0, 0, 1]]",
			[]string{"15: sensors[0](LIDAR_TOP).ego_from_sensor.rotation_matrix[1]"},
		},
		{"quaternion not unit", "[0.5, -0.5, 0.5, -0.5]", "[0.5, -0.5, 0.5, -0.49]", []string{"22: sensors[1](CAM_FRONT).ego_from_sensor.rotation"}},
		{"quaternion zero", "[0.5, -0.5, 0.5, -0.5]", "[0, 0, 0, 0]", []string{"22: sensors[1](CAM_FRONT).ego_from_sensor.rotation"}},
		{
			"both rotations", "rotation: [0.5, -0.5, 0.5, -0.5]",
			"rotation: [0.5, -0.5, 0.5, -0.5]\n      rotation_matrix: [[1,0,0],[0,1,0],[0,0,1]]",
			[]string{"23: sensors[1](CAM_FRONT).ego_from_sensor.rotation_matrix"},
		},
		{"no rotation", "      rotation: [0.5, -0.5, 0.5, -0.5]\n", "", []string{"20: sensors[1](CAM_FRONT).ego_from_sensor.rotation"}},
		{"camera axes left-handed", "rotation: [0.5, -0.5, 0.5, -0.5]", "rotation_matrix: [[0, 0, 1], [1, 0, 0], [0, -1, 0]]", []string{"22: sensors[1](CAM_FRONT).ego_from_sensor.rotation_matrix"}},
		{"intrinsics of a lidar", "modality: camera", "modality: lidar", []string{"23: sensors[1](CAM_FRONT).intrinsics"}},
		{"camera without intrinsics", "modality: lidar", "modality: camera", []string{"13: sensors[0](LIDAR_TOP).ego_from_sensor", "6: sensors[0](LIDAR_TOP).intrinsics"}},
		{"focal length zero", "fx: 1970.01", "fx: 0", []string{"26: sensors[1](CAM_FRONT).intrinsics.fx"}},
		{"focal length negative", "fy: 1970.2", "fy: -1970.2", []string{"27: sensors[1](CAM_FRONT).intrinsics.fy"}},
		{"principal point outside", "cx: 970.5", "cx: 1919.6", []string{"28: sensors[1](CAM_FRONT).intrinsics.cx"}},
		{"width broken", "width: 1920", "width: 1920.5", []string{"24: sensors[1](CAM_FRONT).intrinsics.width"}},
		{"height zero", "height: 1080", "height: 0", []string{"25: sensors[1](CAM_FRONT).intrinsics.height"}},
		{"unknown model", "model: pinhole_radtan", "model: pinhole", []string{"30: sensors[1](CAM_FRONT).intrinsics.model"}},
		{"no model", "      model: pinhole_radtan\n", "", []string{"23: sensors[1](CAM_FRONT).intrinsics.model"}},
		{
			"nine coefficients", "[-0.25, 0.08, 1e-5, -0.0002]", "[1, 2, 3, 4, 5, 6, 7, 8, 9]",
			[]string{"31: sensors[1](CAM_FRONT).intrinsics.distortion"},
		},
		{
			"five fisheye coefficients", "model: pinhole_radtan\n      distortion: [-0.25,", "model: fisheye_kb4\n      distortion: [0, -0.25,",
			[]string{"31: sensors[1](CAM_FRONT).intrinsics.distortion"},
		},
		{"coefficient in words", "1e-5", "small", []string{"31: sensors[1](CAM_FRONT).intrinsics.distortion[2]"}},
		{"several at once", "modality: lidar\n    rate_hz: 10", "modality: sonar\n    rate_hz: 0", []string{
			"7: sensors[0](LIDAR_TOP).modality", "8: sensors[0](LIDAR_TOP).rate_hz",
		}},
		{"not YAML", "sensors:", "sensors: [", []string{"5: file"}},
		{"anchor", "{length_m: 5.1,", "&body {length_m: 5.1,", []string{"4: body"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := strings.Replace(goodRig, tt.old, tt.new, 1)
			if text == goodRig {
				t.Fatalf("%q is not in the good rig", tt.old)
			}
			got := faultsOf(t, []byte(text))
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("faults (-want +got):\n%s", d)
			}
		})
	}
}

func faultsOf(t *testing.T, text []byte) []string {
	t.Helper()
	rig, err := ParseRig(text, "van.yaml")
	var rigErr *RigError
	if !errors.As(err, &rigErr) || rig != nil {
		t.Fatalf("ParseRig = %v, %v, want a *RigError", rig, err)
	}
	var out []string
	for _, f := range rigErr.Faults {
		out = append(out, fmt.Sprintf("%d: %s", f.Line, f.Field))
		if f.Got == "" || f.Want == "" || f.Cure == "" {
			t.Errorf("fault %+v lacks what is there, what is wanted or the cure", f)
		}
	}
	return out
}

func TestParseRigWholeFileFaults(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"empty", "", "1: file"},
		{"only a comment", "# nothing\n", "1: file"},
		{"two documents", goodRig + "---\n" + goodRig, "1: file"},
		{"a list", "- 1\n- 2\n", "1: "},
		{"a word", "rig", "1: "},
		{"too long", strings.Repeat("# comment\n", 7000), "0: file"},
		{"too many lines", strings.Repeat("\n", 5000), "0: file"},
		{"too deep", "a: " + strings.Repeat("[", 33), "1: file"},
		{"too deep after a hash in quotes", `{"a #": ` + strings.Repeat("[", 33), "1: file"},
		{"no sensors", strings.Split(goodRig, "sensors:")[0] + "sensors: []\n", "5: sensors"},
		{"sensors missing", strings.Split(goodRig, "sensors:")[0], "2: sensors"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := faultsOf(t, []byte(tt.text))
			if len(got) != 1 || got[0] != tt.want {
				t.Errorf("faults = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestRigErrorText(t *testing.T) {
	_, err := ParseRig([]byte(strings.Replace(goodRig, "rate_hz: 10", "rate_hz: -1", 1)), "van.yaml")
	const want = "rig van.yaml: line 8: sensors[0](LIDAR_TOP).rate_hz: got -1, want hertz in (0, 1000]: give the nominal samples a second"
	if err == nil || err.Error() != want {
		t.Errorf("error = %v\nwant  = %s", err, want)
	}
}

func TestLoadRig(t *testing.T) {
	path := filepath.Join(t.TempDir(), "van.yaml")
	if _, err := LoadRig(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("LoadRig of no file: %v, want os.ErrNotExist", err)
	}
	if err := os.WriteFile(path, []byte(goodRig), 0o600); err != nil {
		t.Fatal(err)
	}
	rig, err := LoadRig(path)
	if err != nil || len(rig.Sensors) != 2 {
		t.Errorf("LoadRig = %v, %v, want two sensors", rig, err)
	}
	if err := os.WriteFile(path, []byte(strings.Repeat("#", 1<<20)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadRig(path); err == nil || !strings.Contains(err.Error(), "more than 65536 bytes") {
		t.Errorf("LoadRig of a megabyte: %v", err)
	}
	if _, err := LoadRig(filepath.Dir(path)); err == nil {
		t.Error("LoadRig of a folder: no error")
	}
}

// What YAML writes reads back as the same rig, and writing that gives the same bytes.
func TestRigYAMLRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rig := drawRig(t)
		text, err := rig.YAML()
		if err != nil {
			t.Fatalf("YAML of %+v: %v", rig, err)
		}
		got, err := ParseRig(text, "written")
		if err != nil {
			t.Fatal(err)
		}
		// Degrees are coarser than radians in places: an angle may move by one rounding.
		angle := cmp.FilterPath(func(p cmp.Path) bool {
			return strings.HasSuffix(p.Last().String(), "FovRad")
		}, cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) <= 1e-15*math.Abs(a) }))
		if d := cmp.Diff(rig, got, angle); d != "" {
			t.Fatalf("came back changed (-want +got):\n%s\n%s", d, text)
		}
		again, err := got.YAML()
		if err != nil || string(again) != string(text) {
			t.Fatalf("written again (%v):\n%s\nfirst:\n%s", err, again, text)
		}
		if got.Hash() != rig.Hash() {
			t.Fatalf("hash changed from %s to %s", rig.Hash(), got.Hash())
		}
	})
}

func drawRig(t *rapid.T) *Rig {
	size := rapid.Float64Range(0.1, 40)
	rig := &Rig{
		Vehicle: rapid.StringMatching(`[A-Za-z0-9_-]{1,20}`).Draw(t, "vehicle"), Revision: rapid.StringN(1, 16, 64).Draw(t, "revision"),
		Body: Body{LengthM: size.Draw(t, "length"), WidthM: size.Draw(t, "width"), HeightM: size.Draw(t, "height")},
	}
	rig.Body.RearOverhangM = rig.Body.LengthM / 4
	for i := range rapid.IntRange(1, 4).Draw(t, "sensors") {
		s := Sensor{
			Name: SensorID(fmt.Sprintf("S-%d_%s", i, rapid.StringMatching(`[a-z]{0,5}`).Draw(t, "name"))), Modality: Modality(rapid.IntRange(0, 2).Draw(t, "modality")),
			EgoFromSensor: Pose{
				Rotation:    drawRotation(t),
				Translation: r3.Vec{X: rapid.Float64Range(-9, 9).Draw(t, "x"), Y: rapid.Float64Range(-1e-9, 1e-9).Draw(t, "y"), Z: 1},
			},
			RateHz: rapid.Float64Range(0.1, 100).Draw(t, "rate"), PhaseNs: rapid.Int64Range(-5e9, 5e9).Draw(t, "phase"),
			AzimuthFovRad:   rapid.Float64Range(0, 2*math.Pi).Draw(t, "azimuth"),
			ElevationFovRad: rapid.Float64Range(0, math.Pi).Draw(t, "elevation"),
			RangeM:          rapid.Float64Range(0, 300).Draw(t, "range"), Clock: Clock(rapid.IntRange(0, 2).Draw(t, "clock")),
		}
		if s.Modality == Camera {
			lean := rapid.Float64Range(-1, 1) // rad
			s.EgoFromSensor.Rotation = cameraRotation(rapid.Float64Range(-3, 3).Draw(t, "yaw"), lean.Draw(t, "pitch"), lean.Draw(t, "roll"))
			k := &Intrinsics{
				Width: rapid.IntRange(1, 4000).Draw(t, "w"), Height: 1080, Fx: size.Draw(t, "fx"), Fy: size.Draw(t, "fy"),
				Cy: 500.1, Model: LensModel(rapid.IntRange(0, 1).Draw(t, "model")),
			}
			n := 8
			if k.Model == FisheyeKB4 {
				n = 4
			}
			for j := range n {
				k.Distortion[j] = rapid.Float64Range(-2, 2).Draw(t, "k")
			}
			s.Intrinsics = k
		}
		rig.Sensors = append(rig.Sensors, s)
	}
	return rig
}

func drawRotation(t *rapid.T) quat.Number {
	c := rapid.Float64Range(-1, 1)
	q := quat.Number{Real: c.Draw(t, "qw"), Imag: c.Draw(t, "qx"), Jmag: c.Draw(t, "qy"), Kmag: c.Draw(t, "qz")}
	if quat.Abs(q) < 1e-3 {
		return Identity.Rotation
	}
	return normalise(q)
}

func TestYAMLRefusesInvalidRig(t *testing.T) {
	rig, err := ParseRig([]byte(goodRig), "van.yaml")
	if err != nil {
		t.Fatal(err)
	}
	rig.Sensors[0].RateHz = math.NaN()
	rig.Sensors[1].Name = "a.b"
	text, err := rig.YAML()
	var rigErr *RigError
	if !errors.As(err, &rigErr) || len(rigErr.Faults) != 2 || text != nil {
		t.Errorf("YAML = %q, %v, want two faults", text, err)
	}
}

// Any change of the rig changes the hash.
func TestHash(t *testing.T) {
	parse := func() *Rig {
		rig, err := ParseRig([]byte(goodRig), "van.yaml")
		if err != nil {
			t.Fatal(err)
		}
		return rig
	}
	want := parse().Hash()
	if len(want) != 64 || parse().Hash() != want {
		t.Fatalf("hash %q is not 64 digits, or not stable", want)
	}
	for name, change := range map[string]func(*Rig){
		"revision":    func(r *Rig) { r.Revision = "x" },
		"order":       func(r *Rig) { r.Sensors[0], r.Sensors[1] = r.Sensors[1], r.Sensors[0] },
		"translation": func(r *Rig) { r.Sensors[0].EgoFromSensor.Translation.X += 1e-12 },
		"distortion":  func(r *Rig) { r.Sensors[1].Intrinsics.Distortion[7] = 1e-9 },
		"clock":       func(r *Rig) { r.Sensors[0].Clock = ClockFreeRunning },
		"phase":       func(r *Rig) { r.Sensors[0].PhaseNs = 1 },
	} {
		rig := parse()
		change(rig)
		if rig.Hash() == want {
			t.Errorf("hash did not change with the %s", name)
		}
	}
}

func TestCovers(t *testing.T) {
	rig, err := ParseRig([]byte(goodRig), "van.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name    string
		streams map[SensorID]Modality
		want    []string
	}{
		{"nothing recorded", nil, nil},
		{"all", map[SensorID]Modality{"LIDAR_TOP": Lidar, "CAM_FRONT": Camera, EgoStream: Ego}, nil},
		{"fewer", map[SensorID]Modality{"LIDAR_TOP": Lidar}, nil},
		{"one missing", map[SensorID]Modality{"LIDAR_TOP": Lidar, "CAM_BACK": Camera}, []string{"CAM_BACK"}},
		{"all faults, sorted", map[SensorID]Modality{"RADAR_FRONT": Radar, "CAM_FRONT": Lidar, "CAM_BACK": Camera}, []string{
			"CAM_BACK", "CAM_FRONT", "RADAR_FRONT",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			err := rig.Covers(tt.streams)
			var rigErr *RigError
			if errors.As(err, &rigErr) {
				for _, f := range rigErr.Faults {
					got = append(got, f.Field)
				}
			} else if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("faults (-want +got):\n%s", d)
			}
		})
	}
}

// The text is a format: hashes in recordings and manifests rest on it, so a change here is a change of every hash.
func TestRigYAMLText(t *testing.T) {
	rig := &Rig{
		Vehicle: "van", Revision: "a \"b\"", Body: Body{LengthM: 5, WidthM: 2, HeightM: 1.75, RearOverhangM: 1},
		Sensors: []Sensor{
			{
				Name: "L", Modality: Lidar, RateHz: 10, PhaseNs: -1_500_000, Clock: ClockFreeRunning, RangeM: 120,
				AzimuthFovRad: 2 * math.Pi, ElevationFovRad: radians(40),
				EgoFromSensor: Pose{Rotation: Identity.Rotation, Translation: r3.Vec{X: 1e-5, Z: 1.9}},
			},
			{
				Name: "C", Modality: Camera, RateHz: 12.5, EgoFromSensor: Pose{Rotation: cameraRotation(0, 0, 0)},
				Intrinsics: &Intrinsics{Width: 640, Height: 480, Fx: 500, Fy: 500.5, Cx: 320, Cy: 240},
			},
			{
				Name: "F", Modality: Camera, RateHz: 30, EgoFromSensor: Pose{Rotation: cameraRotation(0, 0, 0)},
				Intrinsics: &Intrinsics{Width: 640, Height: 480, Fx: 200, Fy: 200, Cx: 320, Cy: 240, Model: FisheyeKB4, Distortion: [8]float64{-0.02, 0, 0.003}},
			},
		},
	}
	const want = `vehicle: "van"
revision: "a \"b\""
body: {length_m: 5, width_m: 2, height_m: 1.75, rear_overhang_m: 1}
sensors:
  - name: "L"
    modality: lidar
    rate_hz: 10
    phase_ms: -1.5
    clock: free_running
    range_m: 120
    azimuth_fov_deg: 360
    elevation_fov_deg: 40
    ego_from_sensor:
      translation: [1.0e-05, 0, 1.9]
      rotation: [1, 0, 0, 0]
  - name: "C"
    modality: camera
    rate_hz: 12.5
    ego_from_sensor:
      translation: [0, 0, 0]
      rotation: [0.5, -0.5, 0.5, -0.5]
    intrinsics:
      width: 640
      height: 480
      fx: 500
      fy: 500.5
      cx: 320
      cy: 240
      model: pinhole_radtan
  - name: "F"
    modality: camera
    rate_hz: 30
    ego_from_sensor:
      translation: [0, 0, 0]
      rotation: [0.5, -0.5, 0.5, -0.5]
    intrinsics:
      width: 640
      height: 480
      fx: 200
      fy: 200
      cx: 320
      cy: 240
      model: fisheye_kb4
      distortion: [-0.02, 0, 0.003]
`
	got, err := rig.YAML()
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, string(got)); d != "" {
		t.Errorf("YAML (-want +got):\n%s", d)
	}
}
