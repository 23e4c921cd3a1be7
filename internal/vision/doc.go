// Package vision holds every OpenCV call (through gocv) and the TurboJPEG binding of fusiond: decoding camera pictures,
// resizing them and taking the lens out of them.
//
// Contracts:
//   - Pictures are plain Go memory (Image), so that callers need no cgo; C memory stays inside Decoder, Workspace and
//     RemapTable, is owned by the value that made it and freed by its Close.
//   - An assertion inside OpenCV ends the process. So size, type and emptiness are checked in Go before each call, and
//     whatever fails the check comes back as an error. No input can make a function of this package panic or abort.
//   - Sizes are bounded by MaxPixels before anything is allocated for them.
//   - A Decoder or a Workspace is for one goroutine at a time; a RemapTable may be read by many.
//   - OpenCV runs on the caller's thread alone (cv::setNumThreads(1)): a daemon with a goroutine a camera gains nothing
//     from a second pool of threads, and results must not depend on the number of cores.
//   - Outputs are written into the caller's Image and reuse its memory: nothing is allocated once it is large enough.
//
// Without cgo the package still builds: Decoder, Workspace and RemapTable cannot be made then, and say so with
// ErrUnavailable. Raw RGB, BGR and gray pictures and PNG work either way.
package vision
