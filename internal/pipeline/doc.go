// Package pipeline is the only place where the stages meet.
//
//	Message, Tick ──> Engine (one goroutine: the caller's)          everything that decides, in event order
//	                    parse ─> sensors        malformed: counted drop
//	                    align ─> timesync       closed sets, in order
//	                    start ─> encode jobs ──> camera worker, lidar worker     one goroutine a modality
//	                    plan of a closed set ──> fuse goroutine: lift, fuse, decode, suppress, track, mode ──> Sink
//
// The Engine knows no clock and no NATS. Shells drive it: Live (NATS and timers), Process (a recording, in event time). A shell calls
// Message in order of arrival and Tick whenever Deadline says; what comes out depends on nothing else, so a recording gives the
// same bytes however fast and on however many cores it is processed.
//
// Goroutines: the Engine starts the two workers and the fuse goroutine, and Close waits for them. Queues between them are bounded and make
// the caller wait: in Process that is back-pressure, in Live the rings before the Engine overwrite their oldest and count it.
package pipeline
