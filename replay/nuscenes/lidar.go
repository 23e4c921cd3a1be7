package nuscenes

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/fusiond/fusiond/sensors"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
)

// lidarRowBytes is a point in a .pcd.bin file: x, y, z, intensity, ring as little-endian float32.
const lidarRowBytes = 5 * 4

// timesName is the file of per-point times that belongs to a sweep.
func timesName(sweep string) string {
	return strings.TrimSuffix(strings.TrimSuffix(sweep, ".bin"), ".pcd") + ".time.bin"
}

// sweepFields are the fields of a cloud, with and without times.
func sweepFields(withTimes bool) []*fusionv1.PointField {
	names := []string{"x", "y", "z", "intensity", "ring"}
	if withTimes {
		names = append(names, "t")
	}
	fields := make([]*fusionv1.PointField, len(names))
	for i, n := range names {
		fields[i] = &fusionv1.PointField{Name: n, Offset: uint32(4 * i), Type: fusionv1.PointField_TYPE_FLOAT32, Count: 1} //nolint:gosec // six names
	}
	return fields
}

// sweepTiming is what the rows do not say about a sweep.
type sweepTiming struct {
	stamp  sensors.StampNs
	period sensors.StampNs // used for the start when there are no times
}

// makeCloud builds the message of a sweep from the bytes of its file and, when times is not nil, of its times. The stamp is
// the sweep's end by convention; with times the sweep starts at the earliest point, without them one period before.
func makeCloud(sensor string, rows, times []byte, at sweepTiming, deskewed bool) (*fusionv1.PointCloud, error) {
	if len(rows)%lidarRowBytes != 0 {
		return nil, fmt.Errorf("%d bytes are no whole number of %d-byte points", len(rows), lidarRowBytes)
	}
	n := len(rows) / lidarRowBytes
	if n == 0 {
		return nil, errors.New("it holds no points")
	}
	cloud := &fusionv1.PointCloud{
		Header:    &fusionv1.Header{Stamp: int64(at.stamp), Sensor: sensor},
		Fields:    sweepFields(times != nil),
		PointStep: lidarRowBytes, SweepStart: int64(at.stamp - at.period), SweepEnd: int64(at.stamp),
		Deskewed: deskewed, IntensityMax: 255, Data: rows,
	}
	if times == nil {
		return cloud, nil
	}
	if len(times) != 4*n {
		return nil, fmt.Errorf("its times are %d bytes, want %d for %d points", len(times), 4*n, n)
	}
	earliest := 0.0
	for i := range n {
		t := float64(math.Float32frombits(binary.LittleEndian.Uint32(times[4*i:])))
		if math.IsNaN(t) || math.Abs(t) > maxPointTimeS {
			return nil, fmt.Errorf("the time of point %d is %g s from the sweep's", i, t)
		}
		earliest = min(earliest, t)
	}
	start := at.stamp + sensors.StampNs(math.Floor(earliest*1e9))
	lead := float64(at.stamp-start) * 1e-9 // t counts from the start
	const step = lidarRowBytes + 4
	data := make([]byte, n*step)
	for i := range n {
		p := data[i*step : (i+1)*step]
		copy(p, rows[i*lidarRowBytes:(i+1)*lidarRowBytes])
		t := float64(math.Float32frombits(binary.LittleEndian.Uint32(times[4*i:]))) + lead
		binary.LittleEndian.PutUint32(p[lidarRowBytes:], math.Float32bits(float32(t)))
	}
	cloud.SweepStart, cloud.PointStep, cloud.Data = int64(start), step, data
	return cloud, nil
}

// maxPointTimeS bounds a point's time from its sweep's stamp; real sweeps last 0.05 to 0.2 s.
const maxPointTimeS = 2
