package sensors

import (
	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
)

const (
	// maxPixels and maxSide bound an image before anything is decoded.
	maxPixels = 64 << 20
	maxSide   = 1 << 16
	// maxExposureNs bounds exposure and readout: ten seconds.
	maxExposureNs = 10e9
)

// ParseCameraFrame reads a CameraFrame message. m.Stamp is taken from the header, and m.Sensor when it is empty. Data is a
// view into b; whether a compressed image is whole only its decoder can say. The error is a *ParseError.
func ParseCameraFrame(b []byte, m Meta) (*CameraFrame, error) {
	f := &CameraFrame{Meta: m}
	if fail := f.parse(b); fail != nil {
		return nil, finish(fail, f.Meta)
	}
	return f, nil
}

func (f *CameraFrame) parse(b []byte) *ParseError {
	const recorded = "publish the size of the recorded image"
	f.Modality = Camera
	var msg fusionv1.CameraFrame
	data, fail := decode(b, &msg, true)
	if fail != nil {
		return fail
	}
	if fail = f.take(msg.GetHeader(), Camera); fail != nil {
		return fail
	}
	w, h := uint64(msg.GetWidth()), uint64(msg.GetHeight())
	switch {
	case w == 0 || h == 0:
		return failure(ReasonInvalid, "width, height", recorded, "zero-size image %dx%d", w, h)
	case w > maxSide || h > maxSide || w*h > maxPixels:
		return failure(ReasonOversize, "width, height", recorded, "%dx%d is above %d pixels", w, h, maxPixels)
	}
	f.Width, f.Height = int(w), int(h) //nolint:gosec // at most 65536
	e := msg.GetEncoding()
	if e <= 0 || int(e) >= len(encodingNames) {
		return failure(ReasonMalformed, "encoding", "publish JPEG, PNG, RGB8, BGR8, NV12 or GRAY8", "unknown encoding %d", e)
	}
	f.Encoding = Encoding(e) //nolint:gosec // six values
	if f.Encoding == NV12 && (w%2 != 0 || h%2 != 0) {
		return failure(ReasonInvalid, "width, height", "crop the image to even sizes", "nv12 of odd size %dx%d", w, h)
	}
	if want := f.Encoding.RawSize(f.Width, f.Height); want > 0 && len(data) != want {
		return failure(ReasonTruncated, "data", "publish rows without padding and the whole image",
			"%d bytes, %s of %dx%d has %d", len(data), f.Encoding, w, h, want)
	}
	if len(data) == 0 {
		return failure(ReasonTruncated, "data", "publish the image with its message", "no bytes")
	}
	f.ExposureNs, f.ReadoutNs = msg.GetExposureNs(), msg.GetReadoutNs()
	if f.ExposureNs < 0 || f.ReadoutNs < 0 || f.ExposureNs > maxExposureNs || f.ReadoutNs > maxExposureNs {
		return failure(ReasonInvalid, "exposure_ns, readout_ns", "publish nanoseconds, 0 when not known",
			"%d and %d", f.ExposureNs, f.ReadoutNs)
	}
	f.Data = data
	return nil
}
