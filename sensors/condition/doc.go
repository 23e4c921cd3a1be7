// Package condition tells from a sensor's data alone what it is worth: a reliability of 0..1 and, when that is low, a named reason. It
// knows nothing of the weather, of what other sensors say, or of a simulator's truth.
//
// There is one monitor a stream: Camera, Lidar or Radar. Each takes what perception itself gets (the network's picture, the points of a
// sweep, the detections of a scan), so that nothing is decoded twice.
//
//	sample -> measures (look.go, sweep.go, ground.go) -> severity a reason, 0..1 -> levels (level.go) -> Condition
//	                                                 ^
//	                        baselines (baseline.go): what this stream usually gives
//
// A measure is turned into a severity by two thresholds: where it begins to count, just outside of what clear drives show, and where
// the data is worth nothing. Reliability is the product of (1 - cost*level) over the reasons, so that it falls when any fault gets worse. A
// fault that leaves a part of the data as good as ever costs up to 3/4; data that repeats itself, the dark, and nothing at all
// cost everything.
//
// # Contracts
//
//   - Pure: no clock, no goroutine, no I/O. Conditions depend on the samples and their stamps alone, in their order: the same samples give
//     the same conditions, bit for bit on one kind of processor.
//   - Hysteresis in time of the stamps: two bad samples in a row name a reason (three equal ones for Frozen), one never does; after the
//     fault it stays for up to two seconds. Stamps that stand still or run back let no time pass.
//   - The first samples are no alarm: what is judged against the usual waits for five samples. Faults that need no history (fog, the dark,
//     blur, a flat picture, no returns) are named from the second sample on. What a stream shows from its start on, such as a ring that
//     never gave a return, becomes its usual and is not named.
//   - Any input is answered: no points, one colour, values that are not finite. Reliability is never NaN.
//   - Memory is bounded and made at the start; Update allocates nothing and keeps no reference to the sample.
//   - Threads: a monitor belongs to one goroutine.
package condition
