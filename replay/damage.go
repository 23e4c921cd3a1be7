package replay

import (
	"errors"
	"fmt"
)

// DamageError says that a file is no whole recording: truncated, corrupt, or not MCAP at all.
type DamageError struct {
	Path string
	// Offset is where in the file the damage shows.
	Offset int64
	// What was being read.
	What string
	Err  error
}

// Error implements error.
func (e *DamageError) Error() string {
	cure := fmt.Sprintf("run 'fusiond recover %s --out FILE' to keep what is whole", e.Path)
	if errors.Is(e.Err, errNotMCAP) {
		cure = "give an MCAP recording"
	}
	return fmt.Sprintf("read recording %s: %s at byte %d: %v: %s", e.Path, e.What, e.Offset, e.Err, cure)
}

// Unwrap returns the cause.
func (e *DamageError) Unwrap() error { return e.Err }

var (
	errNotMCAP   = errors.New("this is not an MCAP file")
	errTruncated = errors.New("the file ends too early")
)
