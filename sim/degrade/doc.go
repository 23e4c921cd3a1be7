// Package degrade lays weather and faults over recorded drives, real ones included: a recording and a time line in, a degraded recording
// out. The effects are those of the simulator (sim/effect); this package reads messages, finds out what the effects must know about the
// scene, and writes messages of the same form.
//
//	reader (order of arrival)
//	  -> window      holds a fifth of a second, so that a message sees the ego motion and the sweeps around its stamp
//	  -> workers     one message each: points, pixels, detections
//	  -> order       transport and clock faults, ground truth counted anew, order of the new arrivals
//	  -> writer
//
// Contracts:
//   - The same recording, time line and seed give the same bytes on any number of cores.
//   - What no order touches passes byte for byte; a time line that orders nothing passes everything so.
//   - Memory is bounded by the window, whatever the recording's length; orders that hold back more than 512 MiB are refused.
//   - The rig stays as recorded: calibration errors are not told.
//   - Only Run starts goroutines, and waits for them.
//
// What it cannot do, because the recording does not say: beams that returned nothing give no returns from fog or drops; a picture is
// turned by a calibration error, not shifted; lamps and their halos do not appear at night; what moves is up to half a lidar period away
// from where the distances of a picture have it.
//
// What others made from the clean drive would lie beside the degraded one: copies of images and clouds for viewers and what perception
// published are left out ("fusiond process --foxglove" makes both anew). Boxes and transforms for viewers stay.
package degrade
