package sensors

import (
	"fmt"
	"math"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// sensor reads one entry of the rig's list; nameLine is where its name stands.
func (r *rigReader) sensor(e entry) (s Sensor, nameLine int) {
	if name := nameIn(e.node); isToken(name) {
		e.field = fmt.Sprintf("%s(%s)", e.field, name)
	}
	o, ok := r.object(e, "name", "modality", "rate_hz", "phase_ms", "clock", "range_m", "azimuth_fov_deg",
		"elevation_fov_deg", "ego_from_sensor", "intrinsics")
	if !ok {
		return s, e.line
	}
	name := o.get("name")
	if text, ok := r.token(name, "the sensor's name"); ok {
		s.Name = SensorID(text)
		if strings.EqualFold(text, string(EgoStream)) {
			r.fault(name.line, name.field, fmt.Sprintf("%q", text), "another name", "ego is the vehicle's own motion: rename the sensor")
		}
	}
	known := false
	if m := o.get("modality"); m.present() {
		s.Modality, known = r.modality(m)
	} else {
		r.fault(m.line, m.field, "nothing", "lidar, radar or camera", "say what the sensor is")
	}
	s.RateHz, _ = r.number(o.get("rate_hz"), 0, maxRateHz, true, "hertz", "give the nominal samples a second")
	if phase := o.get("phase_ms"); phase.present() {
		ms, _ := r.number(phase, -maxPhaseMs, maxPhaseMs, false, "milliseconds", "give the stamp relative to the reference's")
		s.PhaseNs = int64(math.Round(ms * 1e6))
	}
	if clock := o.get("clock"); clock.present() {
		s.Clock = r.clock(clock)
	}
	if rng := o.get("range_m"); rng.present() {
		s.RangeM, _ = r.number(rng, 0, maxRangeM, false, "metres", "give the useful range, 0 when not known")
	}
	if fov := o.get("azimuth_fov_deg"); fov.present() {
		deg, _ := r.number(fov, 0, 360, false, "degrees", "give the whole angle, 0 when not known")
		s.AzimuthFovRad = radians(deg)
	}
	if fov := o.get("elevation_fov_deg"); fov.present() {
		deg, _ := r.number(fov, 0, 180, false, "degrees", "give the whole angle, 0 when not known")
		s.ElevationFovRad = radians(deg)
	}
	faults := len(r.err.Faults)
	mount := o.get("ego_from_sensor")
	s.EgoFromSensor = r.pose(mount)
	if known && s.Modality == Camera && len(r.err.Faults) == faults {
		r.cameraMount(mount, s.EgoFromSensor)
	}
	in := o.get("intrinsics")
	switch {
	case in.present() && known && s.Modality != Camera:
		r.fault(in.line, in.field, "intrinsics of a "+s.Modality.String(), "them for cameras only", "remove them or correct the modality")
	case in.present():
		s.Intrinsics = r.intrinsics(in)
	case known && s.Modality == Camera:
		r.fault(in.line, in.field, "nothing", "the camera's intrinsics", "give width, height, fx, fy, cx, cy, model")
	}
	return s, name.line
}

// nameIn looks for a sensor's name before anything is checked, so that every fault can carry it.
func nameIn(n ast.Node) string {
	if m, ok := n.(*ast.MappingNode); ok {
		for _, p := range m.Values {
			if v, ok := p.Value.(*ast.StringNode); ok && p.Key.String() == "name" {
				return v.Value
			}
		}
	}
	return ""
}

func (r *rigReader) modality(e entry) (Modality, bool) {
	const want, cure = "lidar, radar or camera", "name the kind of sensor; ego motion is not listed in a rig"
	text, ok := r.text(e, want, cure)
	if !ok {
		return 0, false
	}
	m, err := ParseModality(text)
	if err != nil || m == Ego {
		r.fault(e.line, e.field, fmt.Sprintf("%q", shorten(text)), want, cure)
		return 0, false
	}
	return m, true
}

func (r *rigReader) clock(e entry) Clock {
	const cure = "say what disciplines the sensor's clock, or leave it out"
	text, ok := r.text(e, strings.Join(clockNames[:], ", "), cure)
	if !ok {
		return ClockUnknown
	}
	for i, name := range clockNames {
		if name == text {
			return Clock(i) //nolint:gosec // three names
		}
	}
	r.fault(e.line, e.field, fmt.Sprintf("%q", shorten(text)), strings.Join(clockNames[:], ", "), cure)
	return ClockUnknown
}

func (r *rigReader) intrinsics(e entry) *Intrinsics {
	o, ok := r.object(e, "width", "height", "fx", "fy", "cx", "cy", "model", "distortion")
	if !ok {
		return nil
	}
	const calibrate = "take it from the calibration of the recorded image"
	side := func(key string) int {
		f := o.get(key)
		v, ok := r.number(f, 1, maxImageSide, false, "pixels", calibrate)
		if ok && v != math.Trunc(v) {
			r.fault(f.line, f.field, fmt.Sprintf("%g", v), "a whole number", calibrate)
		}
		return int(v)
	}
	focal := func(key string) float64 {
		v, _ := r.number(o.get(key), 0, maxFocalPx, true, "pixels", calibrate)
		return v
	}
	k := &Intrinsics{Width: side("width"), Height: side("height"), Fx: focal("fx"), Fy: focal("fy")}
	// Pixel centres have whole coordinates, so the image reaches from -0.5 to size - 0.5.
	principal := func(key string, size int) float64 {
		if size == 0 {
			size = maxImageSide // the size is a fault already
		}
		v, _ := r.number(o.get(key), -0.5, float64(size)-0.5, false, "pixels inside the image",
			"check that size and calibration belong to the same resolution")
		return v
	}
	k.Cx, k.Cy = principal("cx", k.Width), principal("cy", k.Height)
	most, known := len(k.Distortion), false
	if k.Model, known = r.model(o.get("model")); known && k.Model == FisheyeKB4 {
		most = numKB4
	}
	if d := o.get("distortion"); d.present() {
		v, _ := r.numbers(d, 0, most, maxDistort, "coefficients",
			"give k1, k2, p1, p2, k3, k4, k5, k6 for pinhole_radtan or k1 to k4 for fisheye_kb4; leave out zeros at the end")
		copy(k.Distortion[:], v)
	}
	return k
}

func (r *rigReader) model(e entry) (LensModel, bool) {
	const want, cure = "pinhole_radtan or fisheye_kb4", "name the lens model of the calibration; an undistorted image is pinhole_radtan without distortion"
	text, ok := r.text(e, want, cure)
	if !ok {
		return 0, false
	}
	for i, name := range lensNames {
		if name == text {
			return LensModel(i), true //nolint:gosec // two names
		}
	}
	r.fault(e.line, e.field, fmt.Sprintf("%q", shorten(text)), want, cure)
	return 0, false
}

func radians(deg float64) float64 { return deg * (math.Pi / 180) }
