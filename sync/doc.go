// Package timesync decides which samples of different sensors belong together. (Its folder is called sync; the name differs so
// that it never collides with the standard library's.)
//
// It works on headers alone: stream, sequence number, stamp (the sensor's clock: time of validity) and received (our clock: time
// of arrival). Payloads stay with the caller, who frees each when its sample leaves.
//
//	arrivals   lid    --a---------b---------c---------(gone)---------------------------
//	           cam    ---a---------b---------c---------d--------(gone)-----------------
//	           rad    a------b------c------d------e------f------(gone)-----------------
//	                      |          |          |             |                   |
//	                      v          v          v             v                   v
//	sets                  A          B          C             D                   E
//	           lid        a          b          c          absent: idle        absent: idle
//	           cam        a          b          c             d                absent: idle
//	           rad        a          b          d             f                absent: idle
//	           time    lid a      lid b      lid c       virtual clock:      virtual clock:
//	                                                     C + one period      C + two, and so on until Clock.Pause
//
// A sample goes through these files:
//
//	aligner.go   Add, Tick, Flush: arrivals and deadlines, one after the other, each at its own moment
//	guard.go     is the stamp to be believed?            no: it leaves as clock, duplicate or reorder
//	stream.go    the samples that a set may still choose   too many: the oldest leaves as overflow
//	grid.go      does it give a set its time?            reference, next reference, virtual clock
//	choose.go    which sample is a set's member, when does a set close, who is absent and why
//	set.go       what comes out: sets (the manifests) and the fate of every sample
//	stats.go     the accounts: received = used + dropped + pending, at any moment
//
// Two more files bring what was chosen to the set's time: motion.go moves lidar points (de-skewing), warp.go token maps.
//
// # Contracts
//
//   - Pure: no clock, no goroutine, no I/O, no map iterated. What comes out depends on the calls alone, in their order.
//   - Ticks: Deadline names the next moment at which something happens without an arrival. Set one timer for it. Ticks at any
//     other moment change nothing, and a late Tick changes nothing but the moment of delivery: each event is handled as of its own
//     time, before any later arrival.
//   - Order: sets come out in order of time, at least half a period apart, with ids from 1 without gaps. The members of a stream
//     never run backwards from one set to the next. Both hold within one time base (Set.TimeBase).
//   - Silence: once the grid runs, its sets go on through a silence of all streams until Clock.Pause is over, so that a set tells
//     that nothing is left: with the default of MaxAge the second one, 2.5 periods after the last sample. Before the first sample
//     that can be trusted there are no sets, and Flush makes none that are not due.
//   - Waiting: a set closes at most MaxWait after its reference's arrival. A set whose reference sample is missing is opened half a
//     period after that was due, and closes MaxWait after it was due, or at once if that is past.
//   - Arrival: while samples arrive within the window (delayed by less than MaxWait allows and by less than half a period, less
//     twice the jitter), the sets depend on the stamps alone, whatever the delays and the order of different streams.
//   - Conservation: every sample leaves exactly once, through Sink.Left, with its fate.
//   - Memory: rings and lists of fixed size, made by New. Nothing is allocated afterwards.
//   - Threads: not safe for concurrent use; one goroutine owns an Aligner.
package timesync
