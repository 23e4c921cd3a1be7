package sensors

import (
	"math"

	"gonum.org/v1/gonum/spatial/r3"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
)

const (
	maxDetections = 4096
	// angleSlack lets float32 pi through; more than that is degrees.
	angleSlack = 1e-3
)

// ParseRadarScan reads a RadarScan message, polar or Cartesian, into Cartesian detections. m.Stamp is taken from the
// header, and m.Sensor when it is empty. Detections that the sensor marks as invalid are kept (see FilterUsable). A scan
// without detections is a sample. Nothing refers to b afterwards. The error is a *ParseError.
func ParseRadarScan(b []byte, m Meta) (*RadarScan, error) {
	s := &RadarScan{Meta: m}
	if fail := s.parse(b); fail != nil {
		return nil, finish(fail, s.Meta)
	}
	return s, nil
}

func (s *RadarScan) parse(b []byte) *ParseError {
	s.Modality = Radar
	var msg fusionv1.RadarScan
	_, fail := decode(b, &msg, false,
		bound{field: 2, name: "detections", most: maxDetections}, bound{field: 3, name: "points", most: maxDetections})
	if fail != nil {
		return fail
	}
	if fail = s.take(msg.GetHeader(), Radar); fail != nil {
		return fail
	}
	if len(msg.GetDetections()) > 0 && len(msg.GetPoints()) > 0 {
		return failure(ReasonMalformed, "detections, points", "publish one of the two", "both are set")
	}
	s.MaxRangeRateMps = float64(msg.GetMaxRangeRateMps())
	if !(s.MaxRangeRateMps >= 0) || math.IsInf(s.MaxRangeRateMps, 1) {
		return failure(ReasonInvalid, "max_range_rate_mps", "publish m/s, 0 when not known", "%g", s.MaxRangeRateMps)
	}
	s.Detections = make([]RadarDetection, 0, len(msg.GetDetections())+len(msg.GetPoints()))
	for i, d := range msg.GetDetections() {
		out, fail := fromPolar(i, d)
		if fail != nil {
			return fail
		}
		s.Detections = append(s.Detections, out)
	}
	for i, p := range msg.GetPoints() {
		out, fail := fromCartesian(i, p)
		if fail != nil {
			return fail
		}
		s.Detections = append(s.Detections, out)
	}
	return nil
}

// fromPolar: x = r cos e cos a, y = r cos e sin a, z = r sin e; elevation 0 where it was not measured.
func fromPolar(i int, d *fusionv1.RadarDetection) (RadarDetection, *ParseError) {
	r, az, el := float64(d.GetRangeM()), float64(d.GetAzimuthRad()), float64(d.GetElevationRad())
	out := RadarDetection{
		RangeRateMps: float64(d.GetRangeRateMps()), RCSdBsm: float64(d.GetRcsDbsm()), SNRdB: optional(d.SnrDb),
		Ambiguous: d.GetAmbiguous(), Invalid: d.GetInvalid(),
		RangeSDM: float64(d.GetRangeSdM()), AzimuthSDRad: float64(d.GetAzimuthSdRad()), RangeRateSDMps: float64(d.GetRangeRateSdMps()),
	}
	if !allFinite(r, az, el, out.RangeRateMps, out.RCSdBsm, float64(d.GetSnrDb()), out.RangeSDM, out.AzimuthSDRad, out.RangeRateSDMps) {
		return out, notFinite("detections", i)
	}
	switch {
	case r <= 0:
		return out, failure(ReasonInvalid, "detections.range_m", "publish ranges above 0 only", "detection %d has range %g", i, r)
	case math.Abs(az) > math.Pi+angleSlack || math.Abs(el) > math.Pi/2+angleSlack:
		return out, failure(ReasonInvalid, "detections.azimuth_rad, elevation_rad", "publish radians",
			"detection %d has angles %g and %g", i, az, el)
	case out.RangeSDM < 0 || out.AzimuthSDRad < 0 || out.RangeRateSDMps < 0:
		return out, failure(ReasonInvalid, "detections", "publish 0 for an unknown standard deviation",
			"detection %d has a negative standard deviation", i)
	}
	sinA, cosA := math.Sincos(az)
	sinE, cosE := math.Sincos(el)
	out.Position = r3.Vec{X: r * cosE * cosA, Y: r * cosE * sinA, Z: r * sinE}
	return out, nil
}

// fromCartesian projects (vx, vy), which is the radial velocity as a vector, on the line of sight in the x-y plane:
// rdot = (x vx + y vy) / sqrt(x² + y²).
func fromCartesian(i int, p *fusionv1.RadarPoint) (RadarDetection, *ParseError) {
	out := RadarDetection{
		Position: r3.Vec{X: float64(p.GetX()), Y: float64(p.GetY()), Z: float64(p.GetZ())},
		RCSdBsm:  float64(p.GetRcsDbsm()), SNRdB: optional(p.SnrDb), Ambiguous: p.GetAmbiguous(), Invalid: p.GetInvalid(),
	}
	x, y, vx, vy := out.Position.X, out.Position.Y, float64(p.GetVx()), float64(p.GetVy())
	if !allFinite(x, y, out.Position.Z, vx, vy, out.RCSdBsm, float64(p.GetSnrDb())) {
		return out, notFinite("points", i)
	}
	flat := math.Hypot(x, y)
	if flat <= 0 {
		return out, failure(ReasonInvalid, "points.x, y", "publish points in front of the sensor only", "point %d has range 0", i)
	}
	out.RangeRateMps = (x*vx + y*vy) / flat
	return out, nil
}

func notFinite(field string, i int) *ParseError {
	return failure(ReasonInvalid, field, "leave out what was not measured", "entry %d is not finite", i)
}

// optional is NaN for an absent value.
func optional(v *float32) float64 {
	if v == nil {
		return math.NaN()
	}
	return float64(*v)
}

func allFinite(v ...float64) bool {
	for _, x := range v {
		if !finite(x) {
			return false
		}
	}
	return true
}
