package sensors

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"gonum.org/v1/gonum/num/quat"
	"pgregory.net/rapid"
)

// camera is the rotation of a camera with a heading, rad, that looks up by pitchDeg and whose picture is rolled by rollDeg, in YAML.
func camera(yaw, pitchDeg, rollDeg float64) string {
	q := cameraRotation(yaw, radians(pitchDeg), radians(rollDeg))
	return fmt.Sprintf("[%.9f, %.9f, %.9f, %.9f]", q.Real, q.Imag, q.Jmag, q.Kmag)
}

func cameraRotation(yaw, pitch, roll float64) quat.Number {
	turn := func(angle float64, axis quat.Number) quat.Number {
		return quat.Add(quat.Number{Real: math.Cos(angle / 2)}, quat.Scale(math.Sin(angle/2), axis))
	}
	// About z, then about the left (nose down is positive there), then the camera's axes, then about its optical axis.
	q := quat.Mul(turn(yaw, quat.Number{Kmag: 1}), turn(-pitch, quat.Number{Jmag: 1}))
	return quat.Mul(quat.Mul(q, quat.Number{Real: 0.5, Imag: -0.5, Jmag: 0.5, Kmag: -0.5}), turn(-roll, quat.Number{Kmag: 1}))
}

// TestCameraMounts: how cameras do stand.
func TestCameraMounts(t *testing.T) {
	for _, m := range []struct{ yaw, pitchDeg, rollDeg float64 }{
		{0, 0, 0}, {3, 10, -5}, {-1.5, -59, 0}, {2, 59, 10}, {0, -45, 59}, {0, 30, -59},
	} {
		text := strings.Replace(goodRig, "[0.5, -0.5, 0.5, -0.5]", camera(m.yaw, m.pitchDeg, m.rollDeg), 1)
		if _, err := ParseRig([]byte(text), "van.yaml"); err != nil {
			t.Errorf("%+v: %v", m, err)
		}
	}
	for _, m := range []struct {
		name, rotation, want string
	}{
		{"inverted", "[0.5, 0.5, -0.5, 0.5]", "got a picture rolled by 90 degrees, want an upright one, within 60 degrees: give the rotation from camera axes"},
		{"upside down", "[0.5, 0.5, 0.5, 0.5]", "got a picture rolled by"},
		{"in vehicle axes", "[1, 0, 0, 0]", "got a camera that looks 90 degrees into the sky, want an optical axis within 60 degrees of level: give"},
		{"into the ground", camera(0.3, -60.6, 0), "got a camera that looks 61 degrees into the ground"},
		{"rolled", camera(0.3, -30, 61), "got a picture rolled by 61 degrees"},
	} {
		_, err := ParseRig([]byte(strings.Replace(goodRig, "[0.5, -0.5, 0.5, -0.5]", m.rotation, 1)), "van.yaml")
		if err == nil || !strings.Contains(err.Error(), "rig van.yaml: line 20: sensors[1](CAM_FRONT).ego_from_sensor: "+m.want) {
			t.Errorf("%s: got error %v, want %q", m.name, err, m.want)
		}
	}
}

// A rotation matrix becomes the quaternion it was made from, whatever the axis.
func TestQuatFromMatrix(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := drawRotation(t)
		got := quatFromMatrix(Pose{Rotation: q}.Matrix())
		if d := math.Min(quat.Abs(quat.Sub(got, q)), quat.Abs(quat.Add(got, q))); d > 1e-14 {
			t.Fatalf("quatFromMatrix = %v, want +-%v, %g off", got, q, d)
		}
	})
}
