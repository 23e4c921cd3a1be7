// Package sensors holds what fusiond knows about sensors and their data: typed samples, the rig (calibration), and the
// decoding and validation that turns messages into samples.
//
// Contracts:
//   - Parsing checks everything before it allocates, and keeps large payloads as views into the message it was given:
//     the caller must not modify the message while the sample lives.
//   - Nothing here reads a clock, starts a goroutine or does I/O, except LoadRig, which reads one file.
//   - Frames: ego = middle of the rear axle on the ground, x forward, y left, z up; camera = x right, y down, z forward;
//     lidar and radar as mounted. Units are SI, angles radians. A pose named aFromB maps points of frame B into frame A.
package sensors
