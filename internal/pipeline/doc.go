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
// Faults: an error or a panic of a stage costs its sample or set and is counted in health under the stage's name, in event order. After three panics of
// one stage within a minute of event time the mode is FAIL_SILENT and object lists are empty, until a minute has passed without a
// further one: what can be relied on then says so again without a restart.
//
// Conditions: each stream has a monitor (sensors/condition) that judges every sample that is decoded, and every radar scan. Fusion weighs
// each modality by the mean over its sensors in the set; a sample that is worth nothing is left out of its set with its reason. A
// modality without a usable sensor takes the mode down from nominal.
//
// Time bases: when the aligner begins a new one (all clocks have stepped, a recording began again), tracks and ego motion of the one
// before are dropped.
//
// Strategy changes: another fuser of the package takes over between two sets, in event order; alignment, tracks, ids and mode go on. A change is
// recorded among the inputs, and Process applies it at the same place.
//
// Debug maps: a Debug is offered a map of each plane of the fuser's output and says which it wants. BusDebug, which Live has, wants
// what somebody listens to; Process has none.
//
// Goroutines: BusDebug has one. The Engine starts the two workers and the fuse goroutine, and Close waits for them. Queues between them are bounded and make
// the caller wait: in Process that is back-pressure, in Live the rings before the Engine overwrite their oldest and count it.
package pipeline
