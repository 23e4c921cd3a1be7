package bus

import (
	"strings"
	"testing"
)

func TestSubjectRoundTrip(t *testing.T) {
	for _, tc := range []struct {
		subject Subject
		want    string
	}{
		{CameraSubject("car-7", "CAM_FRONT"), "av.car-7.sensor.camera.CAM_FRONT"},
		{LidarSubject("car-7", "LIDAR_TOP"), "av.car-7.sensor.lidar.LIDAR_TOP"},
		{RadarSubject("car-7", "RADAR_FRONT"), "av.car-7.sensor.radar.RADAR_FRONT"},
		{EgoSubject("car-7"), "av.car-7.ego"},
		{ObjectsSubject("car-7"), "av.car-7.objects"},
		{ManifestSubject("car-7"), "av.car-7.manifest"},
		{HealthSubject("car-7"), "av.car-7.health"},
		{TruthSubject("car-7"), "av.car-7.truth"},
		{DebugSubject("car-7", "bev"), "av.car-7.debug.bev"},
		{DebugSubject("car-7", "attention.lidar"), "av.car-7.debug.attention.lidar"},
		{ControlSubject("car-7", "reload"), "av.car-7.ctl.reload"},
		{CameraSubject("sensor", "ego"), "av.sensor.sensor.camera.ego"},
	} {
		t.Run(tc.want, func(t *testing.T) {
			if got := tc.subject.String(); got != tc.want {
				t.Errorf("String: got %q, want %q", got, tc.want)
			}
			if err := tc.subject.Validate(); err != nil {
				t.Errorf("Validate: %v", err)
			}
			got, err := ParseSubject(tc.want)
			if err != nil || got != tc.subject {
				t.Errorf("ParseSubject: got %+v, %v, want %+v", got, err, tc.subject)
			}
		})
	}
}

func TestParseSubjectErrors(t *testing.T) {
	for _, tc := range []struct{ name, subject, want string }{
		{"empty", "", `begin with "av."`},
		{"other root", "nav.car.ego", `begin with "av."`},
		{"no kind", "av.car", "ends after the vehicle"},
		{"empty vehicle", "av..ego", "vehicle is empty"},
		{"wildcard vehicle", "av.*.ego", "wildcard"},
		{"rest wildcard", "av.car.>", "not known"},
		{"unknown kind", "av.car.sonar", `"sonar" is not known`},
		{"unknown modality", "av.car.sensor.sonar.left", `"sonar" is not known`},
		{"modality without sensor", "av.car.camera.front", `"camera" is not known`},
		{"ego as sensor", "av.car.sensor.ego.x", `"ego" is not known`},
		{"no modality", "av.car.sensor", "needs a modality and a name"},
		{"no sensor name", "av.car.sensor.camera", "needs a modality and a name"},
		{"empty sensor name", "av.car.sensor.camera.", "name is empty"},
		{"dot in name", "av.car.sensor.camera.front.left", `holds '.'`},
		{"space in name", "av.car.sensor.camera.front left", `holds ' '`},
		{"wildcard name", "av.car.sensor.camera.>", "wildcard"},
		{"control byte", "av.car.sensor.camera.a\x00b", `holds '\x00'`},
		{"not ascii", "av.car.sensor.camera.größe", "holds"},
		{"named ego", "av.car.ego.x", "ego takes no name"},
		{"empty named objects", "av.car.objects.", "objects takes no name"},
		{"verbless control", "av.car.ctl", "name is empty"},
		{"two verbs", "av.car.ctl.a.b", `holds '.'`},
		{"empty debug token", "av.car.debug.a..b", "is empty"},
		{"deep debug", "av.car.debug.a.b.c.d.e", "at most 4"},
		{"long vehicle", "av." + strings.Repeat("v", 65) + ".ego", "65 characters"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := ParseSubject(tc.subject)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("ParseSubject(%q): got %+v, %v, want an error with %q", tc.subject, got, err, tc.want)
			}
			if got != (Subject{}) {
				t.Errorf("ParseSubject(%q): got %+v with its error, want nothing", tc.subject, got)
			}
		})
	}
}

func TestSubjectValidateAllFaults(t *testing.T) {
	err := Subject{Vehicle: "a b", Kind: KindEgo, Name: "x"}.Validate()
	for _, want := range []string{"vehicle", "ego has no name"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
	}
	for _, k := range []Kind{KindUnknown, numKinds} {
		if err := (Subject{Vehicle: "a", Kind: k}).Validate(); err == nil {
			t.Errorf("kind %d: got no error", k)
		}
	}
}

func FuzzParseSubject(f *testing.F) {
	for _, s := range []string{"av.car.ego", "av.car.sensor.lidar.top", "av.car.debug.a.b", "av.*.>", "av...", "av.car.ctl.\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := ParseSubject(s)
		if err != nil {
			if len(err.Error()) > 2000 {
				t.Errorf("error of %d bytes", len(err.Error()))
			}
			return
		}
		if got.String() != s {
			t.Errorf("ParseSubject(%q).String() = %q", s, got.String())
		}
		if err := got.Validate(); err != nil {
			t.Errorf("ParseSubject(%q) is invalid: %v", s, err)
		}
	})
}
