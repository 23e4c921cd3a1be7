package sensors

import (
	"errors"
	"math"
	"testing"

	"gonum.org/v1/gonum/num/quat"
	"google.golang.org/protobuf/encoding/protowire"
)

// accepted checks what holds for every parser: a typed error and no sample, or a sample with the stamp that PeekStamp
// found without parsing.
func accepted(t *testing.T, modality Modality, b []byte, s Sample, err error) bool {
	t.Helper()
	if err != nil {
		var fail *ParseError
		if !errors.As(err, &fail) || fail.Reason == "" || fail.Cause == "" || fail.Cure == "" {
			t.Fatalf("error %#v is not a complete *ParseError", err)
		}
		return false
	}
	head := s.Head()
	stamp, err := PeekStamp(b)
	if err != nil || stamp != head.Stamp {
		t.Fatalf("PeekStamp = %d, %v, parsed stamp %d", stamp, err, head.Stamp)
	}
	if head.Modality != modality || head.Stamp == 0 {
		t.Fatalf("head = %+v", head)
	}
	return true
}

func FuzzParseCameraFrame(f *testing.F) {
	f.Add(marshal(f, cameraMessage()))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := ParseCameraFrame(b, Meta{})
		if !accepted(t, Camera, b, c, err) {
			return
		}
		if c.Width <= 0 || c.Height <= 0 || c.Width*c.Height > maxPixels || len(c.Data) == 0 || len(c.Data) > len(b) {
			t.Fatalf("accepted %dx%d with %d of %d bytes", c.Width, c.Height, len(c.Data), len(b))
		}
		if raw := c.Encoding.RawSize(c.Width, c.Height); raw != 0 && raw != len(c.Data) {
			t.Fatalf("accepted %d bytes of %s, want %d", len(c.Data), c.Encoding, raw)
		}
	})
}

func FuzzParsePointCloud(f *testing.F) {
	f.Add(marshal(f, lidarMessage()))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := ParsePointCloud(b, Meta{})
		if !accepted(t, Lidar, b, c, err) {
			return
		}
		pts, dropped := c.AppendPoints(nil)
		if len(pts)+dropped != c.Count || c.Count*c.Step != len(c.Data) {
			t.Fatalf("%d points and %d dropped of %d, %d bytes", len(pts), dropped, c.Count, len(c.Data))
		}
		for _, p := range pts {
			d := math.Hypot(math.Hypot(float64(p.X), float64(p.Y)), float64(p.Z))
			// float32 rounds at 1 km to 0.1 mm.
			if !(d <= maxRangePointM+1e-3) || !(p.Intensity >= 0 && p.Intensity <= 1) || !(math.Abs(float64(p.T)) <= maxSweep.Seconds()) {
				t.Fatalf("kept %+v", p)
			}
		}
	})
}

func FuzzParseRadarScan(f *testing.F) {
	f.Add(marshal(f, polarMessage()))
	f.Add(marshal(f, cartesianMessage()))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := ParseRadarScan(b, Meta{})
		if !accepted(t, Radar, b, s, err) {
			return
		}
		if len(s.Detections) > maxDetections {
			t.Fatalf("%d detections", len(s.Detections))
		}
		for _, d := range s.Detections {
			if !allFinite(d.Position.X, d.Position.Y, d.Position.Z, d.RangeRateMps, d.RCSdBsm) || math.IsInf(d.SNRdB, 0) {
				t.Fatalf("kept %+v", d)
			}
		}
	})
}

func FuzzParseEgoMotion(f *testing.F) {
	f.Add(marshal(f, egoMessage()))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := ParseEgoMotion(b, Meta{})
		if !accepted(t, Ego, b, e, err) {
			return
		}
		if d := math.Abs(quat.Abs(e.LocalFromEgo.Rotation) - 1); !(d < 1e-12) {
			t.Fatalf("rotation %v has a length %g off 1", e.LocalFromEgo.Rotation, d)
		}
		h := &EgoHistory{}
		h.Add(e)
		e.Stamp = 1
		h.Add(e)
		for _, s := range []StampNs{math.MinInt64, -1, 0, 2, math.MaxInt64} {
			got, _, _ := h.At(s)
			if p := got.LocalFromEgo; !allFinite(p.Translation.X, p.Translation.Y, p.Translation.Z, p.Rotation.Real, p.Rotation.Kmag) {
				t.Fatalf("At(%d) = %+v", s, got)
			}
		}
	})
}

func FuzzParseRig(f *testing.F) {
	f.Add([]byte(goodRig))
	f.Fuzz(func(t *testing.T, b []byte) {
		rig, err := ParseRig(b, "fuzz")
		if err != nil {
			var fail *RigError
			if !errors.As(err, &fail) || len(fail.Faults) == 0 {
				t.Fatalf("error %#v is not a *RigError with faults", err)
			}
			return
		}
		text, err := rig.YAML()
		if err != nil {
			t.Fatalf("accepted rig cannot be written: %v\n%s", err, b)
		}
		again, err := ParseRig(text, "written")
		if err != nil {
			t.Fatal(err)
		}
		if again.Hash() != rig.Hash() {
			t.Fatalf("hash changed by writing and reading:\n%s", text)
		}
	})
}

// PeekStamp is fuzzed with every parser; here against the wire format alone.
func FuzzPeekStamp(f *testing.F) {
	f.Add(marshal(f, egoMessage()))
	f.Fuzz(func(t *testing.T, b []byte) {
		stamp, err := PeekStamp(b)
		if (err == nil) == (stamp == 0) {
			t.Fatalf("PeekStamp = %d, %v", stamp, err)
		}
		if err == nil && protowire.SizeVarint(uint64(stamp)) > len(b) {
			t.Fatalf("stamp %d out of %d bytes", stamp, len(b))
		}
	})
}
