// Package sim makes drives: recordings of a simulated vehicle whose sensors obey physics, weather and faults. A scenario (a short YAML file)
// gives seed, map, traffic, rig and a time line; the same scenario gives the same bytes on any number of cores.
//
//	scenario -> world     procedural map, traffic, the ego's way: pure functions of time
//	         -> shots     every exposure, sweep and cycle of the drive, in order of their stamps
//	         -> workers   each makes whole shots: a scene for the shot's interval, rays, returns, effects, message
//	         -> sequencer transport and clock faults in the order of the stamps, ground truth, order of arrival
//	         -> sink      a recording, NATS, or training tensors
//
// Only Drive.Run starts goroutines, and waits for them. Everything below this folder is pure; what weather and faults do to data is in
// effect, which `fusiond degrade` lays over recorded drives as well.
//
// Every message is a vehicle's: nothing downstream can tell, and nothing downstream imports this package. The ground truth has a channel
// of its own, av.<vehicle>.truth, with what each sensor gets of each object, as sensed and as in clear air.
package sim
