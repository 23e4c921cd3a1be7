//go:build cgo

package vision

/*
#cgo pkg-config: libturbojpeg
#include <string.h>
#include <turbojpeg.h>

// TurboJPEG keeps the reason of most failures per thread, and a goroutine may be on another thread in its next call: the call
// that fails brings its reason along. Results come back by value, so that nothing of Go's escapes to the heap for an output
// argument.
typedef struct { char text[200]; } fd_reason; // JMSG_LENGTH_MAX

typedef struct { tjhandle h; fd_reason why; } fd_opened;
typedef struct { int rc, width, height, space; fd_reason why; } fd_header;
typedef struct { int rc; fd_reason why; } fd_decoded;

static void fd_fetch(tjhandle h, fd_reason *why) {
	strncpy(why->text, tjGetErrorStr2(h), sizeof why->text - 1);
	why->text[sizeof why->text - 1] = 0;
}

static fd_opened fd_open(void) {
	fd_opened r;
	r.why.text[0] = 0;
	r.h = tjInitDecompress();
	if (!r.h) fd_fetch(NULL, &r.why);
	return r;
}

static fd_header fd_read_header(tjhandle h, const unsigned char *data, unsigned long n) {
	fd_header r = {0};
	int sampling = 0;
	r.rc = tjDecompressHeader3(h, data, n, &r.width, &r.height, &sampling, &r.space);
	if (r.rc) fd_fetch(h, &r.why);
	return r;
}

// The first warning ends decoding, rather than filling what is missing with gray and warning at the end. Progressive
// files with hundreds of scans, which cost minutes, are refused too.
static fd_decoded fd_decode(tjhandle h, const unsigned char *data, unsigned long n, unsigned char *rgb, int width, int height) {
	fd_decoded r = {0};
	r.rc = tjDecompress2(h, data, n, rgb, width, 3 * width, height, TJPF_RGB, TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS);
	if (r.rc) fd_fetch(h, &r.why);
	return r;
}

#cgo noescape fd_read_header
#cgo nocallback fd_read_header
#cgo noescape fd_decode
#cgo nocallback fd_decode
*/
import "C"

import (
	"errors"
	"fmt"
	"unsafe"
)

// Decoder decodes JPEG with TurboJPEG. It owns one TurboJPEG handle, freed by Close. Not for concurrent use.
type Decoder struct {
	h C.tjhandle
}

// NewDecoder makes a Decoder; call Close when done.
func NewDecoder() (*Decoder, error) {
	r := C.fd_open()
	if r.h == nil {
		return nil, fmt.Errorf("make jpeg decoder: %s", reason(r.why))
	}
	return &Decoder{h: r.h}, nil
}

// Close frees the handle; the second call does nothing.
func (d *Decoder) Close() {
	if d.h != nil {
		C.tjDestroy(d.h)
		d.h = nil
	}
}

// JPEGInfo reads the picture's full size from the header. Sizes over MaxPixels and CMYK pictures are errors.
func (d *Decoder) JPEGInfo(data []byte) (w, h int, err error) {
	if d.h == nil {
		return 0, 0, fmt.Errorf("read jpeg header: decoder %w", errClosed)
	}
	if len(data) == 0 {
		return 0, 0, errors.New("read jpeg header: no bytes")
	}
	r := C.fd_read_header(d.h, bytesPtr(data), C.ulong(len(data)))
	if r.rc != 0 {
		d.renew()
		return 0, 0, fmt.Errorf("read jpeg header of %d bytes: %s: not a whole JPEG", len(data), reason(r.why))
	}
	w, h = int(r.width), int(r.height)
	if err := checkSize(w, h); err != nil {
		return 0, 0, fmt.Errorf("read jpeg header: %w", err)
	}
	if r.space == C.TJCS_CMYK || r.space == C.TJCS_YCCK {
		return 0, 0, fmt.Errorf("read jpeg header: %dx%d is a CMYK picture: send YCbCr, RGB or gray", w, h)
	}
	return w, h, nil
}

// DecodeJPEG decodes into dst at the smallest of the scales 1, 1/2, 1/4 and 1/8 that still has at least minW x minH
// pixels (0 = any), or at full size where even that is smaller. Sides are rounded up, so that pixel (x, y) at scale 1/d
// always covers the d x d full pixels from (d*x, d*y). denom is that d. Gray pictures get equal channels.
//
// Truncated data is refused, not filled with gray as most decoders do, and so is all else that TurboJPEG warns of. After
// an error dst's content is undefined.
func (d *Decoder) DecodeJPEG(data []byte, minW, minH int, dst *Image) (denom int, err error) {
	w, h, err := d.JPEGInfo(data)
	if err != nil {
		return 0, err
	}
	if minW < 0 || minH < 0 {
		return 0, fmt.Errorf("decode jpeg: least size %dx%d is negative", minW, minH)
	}
	if dst == nil {
		return 0, errNoDst
	}
	denom = reduction(w, h, minW, minH)
	sw, sh := ceilDiv(w, denom), ceilDiv(h, denom)
	dst.reserve(sw, sh)
	r := C.fd_decode(d.h, bytesPtr(data), C.ulong(len(data)), bytesPtr(dst.Pix), C.int(sw), C.int(sh))
	if r.rc != 0 {
		d.renew()
		return 0, fmt.Errorf("decode jpeg %dx%d of %d bytes: %s: the picture is truncated or damaged: check the camera's transport",
			w, h, len(data), reason(r.why))
	}
	return denom, nil
}

// renew replaces the handle: after an error in a header, TurboJPEG 2.1.5 goes on where it stopped and refuses the next good
// picture too. Without memory for a new handle the Decoder is closed.
func (d *Decoder) renew() {
	C.tjDestroy(d.h)
	d.h = C.fd_open().h
}

// reason takes a copy, so that the results of good calls stay on the stack.
func reason(why C.fd_reason) string { return C.GoString(&why.text[0]) }

// bytesPtr is for a call's duration only; b is not empty.
func bytesPtr(b []byte) *C.uchar { return (*C.uchar)(unsafe.Pointer(unsafe.SliceData(b))) }
