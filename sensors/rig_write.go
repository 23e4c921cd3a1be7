package sensors

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"

	"gonum.org/v1/gonum/num/quat"
	"gonum.org/v1/gonum/spatial/r3"
)

// YAML writes the rig in the form that ParseRig reads: the same rig gives the same bytes, and reading them gives the same
// rig. The error, a *RigError, lists what ParseRig would refuse.
func (r *Rig) YAML() ([]byte, error) {
	text := r.text()
	if _, err := ParseRig(text, r.Vehicle); err != nil {
		return nil, err
	}
	return text, nil
}

// Hash is the SHA-256 of the YAML text, in hexadecimal: two rigs with the same hash are the same rig.
func (r *Rig) Hash() string {
	sum := sha256.Sum256(r.text())
	return hex.EncodeToString(sum[:])
}

func (r *Rig) text() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "vehicle: %s\nrevision: %s\n", quoted(r.Vehicle), quoted(r.Revision))
	fmt.Fprintf(&b, "body: {length_m: %s, width_m: %s, height_m: %s, rear_overhang_m: %s}\nsensors:\n",
		decimal(r.Body.LengthM), decimal(r.Body.WidthM), decimal(r.Body.HeightM), decimal(r.Body.RearOverhangM))
	for i := range r.Sensors {
		r.Sensors[i].text(&b)
	}
	return b.Bytes()
}

func (s *Sensor) text(b *bytes.Buffer) {
	fmt.Fprintf(b, "  - name: %s\n    modality: %s\n    rate_hz: %s\n", quoted(string(s.Name)), s.Modality, decimal(s.RateHz))
	if s.PhaseNs != 0 {
		fmt.Fprintf(b, "    phase_ms: %s\n", milliseconds(s.PhaseNs))
	}
	if s.Clock != ClockUnknown {
		fmt.Fprintf(b, "    clock: %s\n", s.Clock)
	}
	if s.RangeM != 0 {
		fmt.Fprintf(b, "    range_m: %s\n", decimal(s.RangeM))
	}
	if s.AzimuthFovRad != 0 {
		fmt.Fprintf(b, "    azimuth_fov_deg: %s\n", degrees(s.AzimuthFovRad))
	}
	if s.ElevationFovRad != 0 {
		fmt.Fprintf(b, "    elevation_fov_deg: %s\n", degrees(s.ElevationFovRad))
	}
	fmt.Fprintf(b, "    ego_from_sensor:\n      translation: %s\n      rotation: %s\n",
		vector(s.EgoFromSensor.Translation), quaternion(s.EgoFromSensor.Rotation))
	k := s.Intrinsics
	if k == nil {
		return
	}
	fmt.Fprintf(b, "    intrinsics:\n      width: %d\n      height: %d\n      fx: %s\n      fy: %s\n      cx: %s\n      cy: %s\n      model: %s\n",
		k.Width, k.Height, decimal(k.Fx), decimal(k.Fy), decimal(k.Cx), decimal(k.Cy), k.Model)
	n := len(k.Distortion)
	for n > 0 && k.Distortion[n-1] == 0 {
		n--
	}
	if n > 0 {
		fmt.Fprintf(b, "      distortion: %s\n", list(k.Distortion[:n]...))
	}
}

// quoted is a double-quoted YAML scalar; Go's escapes are a subset of YAML's for valid text.
func quoted(s string) string { return strconv.Quote(s) }

// decimal is the shortest text that reads back as the same number.
func decimal(v float64) string {
	switch {
	case math.IsNaN(v):
		return ".nan"
	case math.IsInf(v, 1):
		return ".inf"
	case math.IsInf(v, -1):
		return "-.inf"
	case v == 0:
		return "0"
	}
	if a := math.Abs(v); a >= 1e-4 && a < 1e15 {
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	// YAML wants a point in a number with an exponent.
	s := strconv.FormatFloat(v, 'e', -1, 64)
	if m, e, _ := strings.Cut(s, "e"); !strings.Contains(m, ".") {
		s = m + ".0e" + e
	}
	return s
}

func vector(v r3.Vec) string { return list(v.X, v.Y, v.Z) }

func quaternion(q quat.Number) string { return list(q.Real, q.Imag, q.Jmag, q.Kmag) }

func list(v ...float64) string {
	parts := make([]string, len(v))
	for i := range v {
		parts[i] = decimal(v[i])
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// milliseconds writes nanoseconds exactly.
func milliseconds(ns int64) string {
	sign := ""
	u := uint64(ns) //nolint:gosec // magnitude below
	if ns < 0 {
		sign, u = "-", -u
	}
	s := fmt.Sprintf("%s%d.%06d", sign, u/1e6, u%1e6)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

// degrees writes the shortest number of degrees that reads back as rad. Where none does (degrees are coarser than
// radians in places), it settles on the nearest angle that has one, so that writing what was read gives the same text.
func degrees(rad float64) string {
	if !finite(rad) {
		return decimal(rad)
	}
	deg := 0.0
	for range 8 { // one step is usual; the bound is for the reader's peace
		deg = rad * (180 / math.Pi)
		for digits := 1; digits <= 17; digits++ {
			v, err := strconv.ParseFloat(strconv.FormatFloat(deg, 'g', digits, 64), 64)
			if err == nil && radians(v) == rad {
				return decimal(v)
			}
		}
		rad = radians(deg)
	}
	return decimal(deg)
}
