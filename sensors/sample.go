package sensors

import "gonum.org/v1/gonum/spatial/r3"

// Meta is what every sample carries, and all that alignment looks at.
type Meta struct {
	Sensor   SensorID
	Modality Modality
	// Seq numbers the stream's samples as fusiond received them, from 1.
	Seq uint64
	// Stamp is the sensor's time of validity; Received is our clock's time of arrival.
	Stamp, Received StampNs
}

// Sample is one of *CameraFrame, *PointCloud, *RadarScan, *EgoMotion.
type Sample interface {
	// Head returns the sample's meta data; the receiver owns it.
	Head() *Meta
}

// Head implements Sample for every type that embeds Meta.
func (m *Meta) Head() *Meta { return m }

// Encoding is the layout of a camera frame's bytes.
type Encoding uint8

// The encodings, as in the message.
const (
	JPEG Encoding = iota + 1
	PNG
	RGB8
	BGR8
	NV12
	GRAY8
)

var encodingNames = [...]string{JPEG: "jpeg", PNG: "png", RGB8: "rgb8", BGR8: "bgr8", NV12: "nv12", GRAY8: "gray8"}

// String returns the encoding in lower case, for example "jpeg".
func (e Encoding) String() string { return nameOf(encodingNames[:], uint8(e), "encoding") }

// RawSize is the length of the bytes of a raw width x height image, or 0 for a compressed or unknown encoding.
func (e Encoding) RawSize(width, height int) int {
	switch e {
	case RGB8, BGR8:
		return width * height * 3
	case NV12:
		return width * height * 3 / 2
	case GRAY8:
		return width * height
	default:
		return 0
	}
}

// CameraFrame is one exposure. Data is a view into the message (compressed or raw, see Encoding).
type CameraFrame struct {
	Meta
	Encoding              Encoding
	Width, Height         int
	ExposureNs, ReadoutNs int64
	Data                  []byte
}

// Field places one value (the first, where a field has several) inside a point of a PointCloud.
type Field struct {
	Name string
	// Offset is in bytes from the start of the point.
	Offset int
	Type   FieldType
}

// FieldType is the number format of a Field, as in the message.
type FieldType uint8

// The field types, as in the message.
const (
	Int8 FieldType = iota + 1
	Uint8
	Int16
	Uint16
	Int32
	Uint32
	Float32
	Float64
)

var fieldSizes = [...]int{Int8: 1, Uint8: 1, Int16: 2, Uint16: 2, Int32: 4, Uint32: 4, Float32: 4, Float64: 8}

// Size is the length of one value in bytes; 0 for an unknown type.
func (t FieldType) Size() int {
	if int(t) < len(fieldSizes) {
		return fieldSizes[t]
	}
	return 0
}

// PointCloud is one sweep. Data is a view into the message: Count points of Step bytes.
type PointCloud struct {
	Meta
	Fields      []Field
	Step, Count int
	// SweepStart is zero when not known (then no field "t"); SweepEnd equals Stamp.
	SweepStart, SweepEnd StampNs
	// Deskewed points are already at Stamp; others are where the sensor was when it measured them.
	Deskewed bool
	// IntensityMax is the largest intensity the sensor gives; 0 counts as 255.
	IntensityMax float32
	Data         []byte
}

// Point is one lidar return in the frame named by whoever fills it.
type Point struct {
	// X, Y, Z in metres.
	X, Y, Z float32
	// Intensity is 0..1; 0 when the cloud has none.
	Intensity float32
	// T is seconds relative to the cloud's Stamp (never positive for a well-behaved sensor); 0 when the cloud has no times
	// or is deskewed already.
	T float32
	// Ring is the beam, 0 = lowest; 0 when the cloud has none.
	Ring uint16
}

// RadarDetection is one detection in the sensor's frame.
type RadarDetection struct {
	Position r3.Vec
	// RangeRateMps is raw (not ego-compensated), positive when receding.
	RangeRateMps float64
	RCSdBsm      float64
	SNRdB        float64 // NaN = not known
	// Ambiguous: the sensor could not resolve the velocity ambiguity (see RadarScan.MaxRangeRateMps).
	Ambiguous bool
	// Invalid: the sensor itself disowns the detection. It is kept for recordings and views, and not used.
	Invalid bool
	// One standard deviation each; 0 = not known.
	RangeSDM, AzimuthSDRad, RangeRateSDMps float64
}

// RadarScan is one cycle of one radar, always Cartesian in memory whatever the message held.
type RadarScan struct {
	Meta
	Detections []RadarDetection
	// MaxRangeRateMps: range rates are unambiguous in [-max, max); 0 = not known.
	MaxRangeRateMps float64
}

// EgoMotion is the vehicle's motion at Stamp.
type EgoMotion struct {
	Meta
	LocalFromEgo    Pose
	Velocity        r3.Vec // ego axes, m/s
	AngularVelocity r3.Vec // ego axes, rad/s
	Acceleration    r3.Vec // ego axes, m/s²
	// TwistUnknown: the message had no velocities, and both are zero here. EgoHistory takes them from the poses then.
	TwistUnknown bool
}

var (
	_ Sample = (*CameraFrame)(nil)
	_ Sample = (*PointCloud)(nil)
	_ Sample = (*RadarScan)(nil)
	_ Sample = (*EgoMotion)(nil)
)
