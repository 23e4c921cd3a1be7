//go:build cgo && linux && matprofile

package vision

import (
	"testing"

	"gocv.io/x/gocv"
)

// TestMatProfile counts OpenCV matrices exactly: go test -tags matprofile.
func TestMatProfile(t *testing.T) {
	data := encodeJPEG(t, smooth(640, 480), 80)
	before := gocv.MatProfile.Count()
	for range 3 {
		useAll(t, data)
	}
	if got := gocv.MatProfile.Count(); got != before {
		t.Errorf("got %d open matrices, want %d", got, before)
	}
}
