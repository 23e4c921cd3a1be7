// Package camera turns camera frames into the network's picture: decoded at a reduced scale, lens taken out, resized and
// cropped around the horizon.
//
// Contracts:
//   - The picture is what a pinhole camera without distortion at the same place would have taken (View); lifting needs
//     nothing else to know.
//   - A frame is refused with an error rather than guessed at: truncated or damaged data, a size that is not the
//     declared one, an aspect ratio that is not the rig's.
//   - Nothing here reads a clock or starts a goroutine; one Preprocessor serves one camera, one call at a time. After the
//     first frame nothing is allocated for JPEG and raw frames of the same size.
//   - OpenCV and TurboJPEG are reached through internal/vision only: without cgo NewPreprocessor returns an error.
package camera
