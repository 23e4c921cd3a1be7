package sensors

import "gonum.org/v1/gonum/spatial/r3"

// FilterUsable appends to dst the detections that perception may use: all that the sensor does not disown. Nothing is
// allocated when dst has room.
func (s *RadarScan) FilterUsable(dst []RadarDetection) []RadarDetection {
	for i := range s.Detections {
		if !s.Detections[i].Invalid {
			dst = append(dst, s.Detections[i])
		}
	}
	return dst
}

// CompensatedRadial takes the vehicle's own motion out of a range rate. v (m/s) and w (rad/s) are the ego motion in ego
// axes at the detection's time. vr is the target's own velocity over ground along the line of sight, positive when
// receding: 0 for anything that stands. dir is the unit line of sight in ego axes, from the sensor; the tangential part of
// the velocity stays unknown. A detection at the sensor's origin has no direction and gives its range rate and zero.
//
//	v_sensor = v + w x t_sensor,  vr = rdot + v_sensor . dir
func CompensatedRadial(d RadarDetection, egoFromRadar Pose, v, w r3.Vec) (vr float64, dir r3.Vec) {
	r := r3.Norm(d.Position)
	if r == 0 {
		return d.RangeRateMps, r3.Vec{}
	}
	dir = egoFromRadar.Rotate(r3.Scale(1/r, d.Position))
	sensor := r3.Add(v, r3.Cross(w, egoFromRadar.Translation))
	return d.RangeRateMps + r3.Dot(sensor, dir), dir
}
