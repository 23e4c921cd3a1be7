package sensors

import (
	"gonum.org/v1/gonum/spatial/r3"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
)

// Bounds of an ego motion, far outside any road vehicle; they catch degrees, km/h and map coordinates in degrees or mm.
const (
	maxSpeedMps  = 200
	maxTurnRadps = 20
	maxAccelMps2 = 1000
	maxPositionM = 1e8
)

// ParseEgoMotion reads an EgoMotion message. m.Stamp is taken from the header; m.Sensor becomes "ego" when both it and the
// header's name are empty. The rotation is normalised. Nothing refers to b afterwards. The error is a *ParseError.
func ParseEgoMotion(b []byte, m Meta) (*EgoMotion, error) {
	e := &EgoMotion{Meta: m}
	if fail := e.parse(b); fail != nil {
		return nil, finish(fail, e.Meta)
	}
	return e, nil
}

func (e *EgoMotion) parse(b []byte) *ParseError {
	e.Modality = Ego
	var msg fusionv1.EgoMotion
	if _, fail := decode(b, &msg, false); fail != nil {
		return fail
	}
	if fail := e.take(msg.GetHeader(), Ego); fail != nil {
		return fail
	}
	if e.Sensor == "" {
		e.Sensor = EgoStream
	}
	pose, ok := PoseFromProto(msg.GetLocalFromEgo())
	if !ok || r3.Norm(pose.Translation) > maxPositionM {
		q, t := msg.GetLocalFromEgo().GetRotation(), msg.GetLocalFromEgo().GetPosition()
		return failure(ReasonInvalid, "local_from_ego", "publish a pose in metres with a unit quaternion w, x, y, z",
			"rotation [%g %g %g %g] at [%g %g %g] is zero, not finite or farther than %g m",
			q.GetW(), q.GetX(), q.GetY(), q.GetZ(), t.GetX(), t.GetY(), t.GetZ(), float64(maxPositionM))
	}
	e.LocalFromEgo = pose
	e.TwistUnknown = msg.GetLinearVelocity() == nil && msg.GetAngularVelocity() == nil
	for _, v := range []struct {
		field, cure string
		in          *fusionv1.Vector3
		out         *r3.Vec
		most        float64
	}{
		{"linear_velocity", "publish m/s in ego axes", msg.GetLinearVelocity(), &e.Velocity, maxSpeedMps},
		{"angular_velocity", "publish rad/s about ego axes", msg.GetAngularVelocity(), &e.AngularVelocity, maxTurnRadps},
		{"linear_acceleration", "publish m/s² in ego axes", msg.GetLinearAcceleration(), &e.Acceleration, maxAccelMps2},
	} {
		*v.out = r3.Vec{X: v.in.GetX(), Y: v.in.GetY(), Z: v.in.GetZ()}
		if !(r3.Norm(*v.out) <= v.most) {
			return failure(ReasonInvalid, v.field, v.cure, "[%g %g %g] is not finite or above %g", v.out.X, v.out.Y, v.out.Z, v.most)
		}
	}
	return nil
}
