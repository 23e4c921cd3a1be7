package sensors

import (
	"time"

	"gonum.org/v1/gonum/spatial/r3"
)

const (
	// EgoHistorySize is how many ego motions an EgoHistory keeps: ten seconds at 100 Hz.
	EgoHistorySize = 1024
	// MaxEgoExtrapolation is how far beyond either end of the history a pose is still given. Source: the project's field
	// reference on motion compensation. Full braking (8 m/s²), not known to the last sample, costs 1 cm by then.
	MaxEgoExtrapolation = 50 * time.Millisecond
	// MaxEgoGap is the longest time between neighbours that counts as continuous.
	MaxEgoGap = 500 * time.Millisecond
)

// Quality says how an EgoState came about.
type Quality uint8

// The qualities, best last.
const (
	// EgoNone: the history is empty, or holds nothing to extrapolate from.
	EgoNone Quality = iota
	// EgoStale: more than MaxEgoExtrapolation beyond the end; the state is the one at that limit.
	EgoStale
	// EgoAcrossGap: interpolated between neighbours more than MaxEgoGap apart.
	EgoAcrossGap
	// EgoExtrapolated: up to MaxEgoExtrapolation beyond the end, with constant twist.
	EgoExtrapolated
	// EgoInterpolated: between neighbours, or exactly on a sample.
	EgoInterpolated
)

var qualityNames = [...]string{
	EgoNone: "none", EgoStale: "stale", EgoAcrossGap: "across gap", EgoExtrapolated: "extrapolated", EgoInterpolated: "interpolated",
}

// String returns the quality in words.
func (q Quality) String() string { return nameOf(qualityNames[:], uint8(q), "quality") }

// EgoState is the vehicle's motion at one time.
type EgoState struct {
	LocalFromEgo Pose
	// Velocity of the ego origin (m/s) and AngularVelocity (rad/s), both in ego axes.
	Velocity, AngularVelocity r3.Vec
}

// EgoStats counts what EgoHistory.Add did: every sample is one of the first three.
type EgoStats struct {
	// Kept samples are in the history, or were and have made room.
	Kept uint64
	// Duplicate samples had the stamp of one that is in the history, and were left out.
	Duplicate uint64
	// TooOld samples were older than a full history's oldest, and were left out.
	TooOld uint64
	// OutOfOrder counts those of Kept that were older than the newest.
	OutOfOrder uint64
}

type egoEntry struct {
	stamp StampNs
	state EgoState
	// twist is false while the velocities are not known.
	twist bool
}

// EgoHistory keeps the newest EgoHistorySize ego motions in the order of their stamps and gives the state at any time
// between. The zero value is an empty history. It is not safe for concurrent use. It allocates nothing.
//
// Its answers depend on the stamps only, not on the order of arrival, as long as no sample arrives too old.
type EgoHistory struct {
	ring [EgoHistorySize]egoEntry
	// first is where the oldest is.
	first, count int
	stats        EgoStats
}

// Stats returns the counters.
func (h *EgoHistory) Stats() EgoStats { return h.stats }

// Len returns how many samples the history holds.
func (h *EgoHistory) Len() int { return h.count }

// Span returns the stamps of the oldest and the newest sample; zero when there is none.
func (h *EgoHistory) Span() (oldest, newest StampNs) {
	if h.count == 0 {
		return 0, 0
	}
	return h.at(0).stamp, h.at(h.count - 1).stamp
}

func (h *EgoHistory) at(i int) *egoEntry { return &h.ring[(h.first+i)%EgoHistorySize] }

// Add puts m where its stamp belongs; the oldest sample makes room. It keeps no reference to m.
func (h *EgoHistory) Add(m *EgoMotion) {
	i := h.search(m.Stamp)
	switch {
	case i < h.count && h.at(i).stamp == m.Stamp:
		h.stats.Duplicate++
		return
	case i == 0 && h.count == EgoHistorySize:
		h.stats.TooOld++
		return
	}
	h.stats.Kept++
	if i < h.count {
		h.stats.OutOfOrder++
	}
	if h.count == EgoHistorySize {
		h.first = (h.first + 1) % EgoHistorySize
		i--
	} else {
		h.count++
	}
	for j := h.count - 1; j > i; j-- {
		*h.at(j) = *h.at(j - 1)
	}
	*h.at(i) = egoEntry{
		stamp: m.Stamp,
		state: EgoState{LocalFromEgo: m.LocalFromEgo, Velocity: m.Velocity, AngularVelocity: m.AngularVelocity},
		twist: !m.TwistUnknown,
	}
}

// search returns how many samples are older than stamp.
func (h *EgoHistory) search(stamp StampNs) int {
	lo, hi := 0, h.count
	for lo < hi {
		if mid := (lo + hi) / 2; h.at(mid).stamp < stamp {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// At returns the state at stamp. Between samples the position is linear, the rotation goes along the shorter arc
// (slerp) and the velocities are linear: on a circle driven at v with turn rate w, samples h apart, the position is at
// most v w h² / 8 off. Beyond the ends the twist of the last sample is held. ok is false for EgoNone and EgoStale.
func (h *EgoHistory) At(stamp StampNs) (state EgoState, q Quality, ok bool) {
	if h.count == 0 {
		return EgoState{LocalFromEgo: Identity}, EgoNone, false
	}
	i := h.search(stamp)
	if i < h.count && h.at(i).stamp == stamp {
		state, _ = h.state(i)
		return state, EgoInterpolated, true
	}
	if i == 0 || i == h.count {
		return h.beyond(min(i, h.count-1), stamp)
	}
	a, b := h.at(i-1), h.at(i)
	span := distance(a.stamp, b.stamp)
	s := float64(distance(a.stamp, stamp)) / float64(span)
	sa, _ := h.state(i - 1)
	sb, _ := h.state(i)
	state = EgoState{
		LocalFromEgo:    sa.LocalFromEgo.Interpolate(sb.LocalFromEgo, s),
		Velocity:        lerp(sa.Velocity, sb.Velocity, s),
		AngularVelocity: lerp(sa.AngularVelocity, sb.AngularVelocity, s),
	}
	if span > uint64(MaxEgoGap) {
		return state, EgoAcrossGap, true
	}
	return state, EgoInterpolated, true
}

// beyond extrapolates from sample i, which is the oldest or the newest.
func (h *EgoHistory) beyond(i int, stamp StampNs) (EgoState, Quality, bool) {
	from := h.at(i).stamp
	state, known := h.state(i)
	if !known {
		return state, EgoNone, false
	}
	away, q := distance(from, stamp), EgoExtrapolated
	if away > uint64(MaxEgoExtrapolation) {
		away, q = uint64(MaxEgoExtrapolation), EgoStale
	}
	dt := float64(away) * 1e-9
	if stamp < from {
		dt = -dt
	}
	state.LocalFromEgo = state.LocalFromEgo.Advance(state.Velocity, state.AngularVelocity, dt)
	return state, q, q == EgoExtrapolated
}

// state returns sample i. Velocities that its message lacked come from the pose before it, or after it for the first;
// known is false when there is neither.
func (h *EgoHistory) state(i int) (state EgoState, known bool) {
	e := h.at(i)
	if e.twist {
		return e.state, true
	}
	other := i - 1
	if i == 0 {
		other = 1
	}
	if other >= h.count {
		return e.state, false
	}
	o := h.at(other)
	dt := o.stamp.Sub(e.stamp).Seconds()
	state = e.state
	state.Velocity, state.AngularVelocity = e.state.LocalFromEgo.TwistTo(o.state.LocalFromEgo, dt)
	return state, true
}

// Between returns the transform of points in the ego frame at from into the ego frame at to, for fixed points of the
// world. ok is false when either end is not known (EgoNone, EgoStale).
func (h *EgoHistory) Between(from, to StampNs) (toFromFrom Pose, ok bool) {
	a, _, okA := h.At(from)
	b, _, okB := h.At(to)
	return b.LocalFromEgo.Inverse().Mul(a.LocalFromEgo), okA && okB
}

func lerp(a, b r3.Vec, s float64) r3.Vec { return r3.Add(a, r3.Scale(s, r3.Sub(b, a))) }
