package sensors

import (
	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
)

// Parse turns the bytes of a message into the sample of its modality: *CameraFrame, *PointCloud, *RadarScan or
// *EgoMotion. It is ParseCameraFrame and so on behind one name; the error is a *ParseError.
func Parse(modality Modality, b []byte, m Meta) (Sample, error) {
	switch modality {
	case Camera:
		return sampleOf(ParseCameraFrame(b, m))
	case Lidar:
		return sampleOf(ParsePointCloud(b, m))
	case Radar:
		return sampleOf(ParseRadarScan(b, m))
	case Ego:
		return sampleOf(ParseEgoMotion(b, m))
	}
	return nil, finish(failure(ReasonMalformed, "", "subscribe to the rig's sensors only", "unknown %s", modality), m)
}

// sampleOf keeps a nil pointer from becoming a non-nil Sample.
func sampleOf[T any, P interface {
	*T
	Sample
}](s P, err error) (Sample, error) {
	if err != nil {
		return nil, err
	}
	return s, nil
}

// take fills the meta data from the header: the stamp always, the sensor's name when the caller gave none.
func (m *Meta) take(h *fusionv1.Header, modality Modality) *ParseError {
	m.Modality = modality
	name := SensorID(h.GetSensor())
	if len(name) > maxNameLen {
		return failure(ReasonOversize, "header.sensor", "use the rig's name", "%d bytes", len(name))
	}
	switch {
	case m.Sensor == "":
		m.Sensor = name
	case name != "" && name != m.Sensor:
		return failure(ReasonWrongSensor, "header.sensor", "publish every sensor on its own subject", "header says %q", string(name))
	}
	m.Stamp = StampNs(h.GetStamp())
	if m.Stamp == 0 {
		return failure(ReasonNoStamp, "header.stamp", "set it to the time of validity in ns since the Unix epoch", "none")
	}
	return nil
}

// finish completes an error with the sample's name and number.
func finish(f *ParseError, m Meta) error {
	f.Sensor, f.Seq = m.Sensor, m.Seq
	if f.Sensor == "" {
		f.Sensor = SensorID(m.Modality.String())
	}
	return f
}
