package replay

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fusiond/fusiond/sensors"
)

// Clock is the time that a Player keeps to.
type Clock interface {
	// Now never goes backwards.
	Now() time.Time
	// Sleep returns after d, or earlier with the context's error.
	Sleep(ctx context.Context, d time.Duration) error
}

// WallClock is the computer's own monotonic clock.
type WallClock struct{}

// Now implements Clock.
func (WallClock) Now() time.Time { return time.Now() }

// Sleep implements Clock.
func (WallClock) Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// defaultMaxLate is how much lost time a Player makes up for.
const defaultMaxLate = 200 * time.Millisecond

// Player sends a recording's messages when they are due: each as long after the first as it arrived after the first when it
// was recorded, divided by the rate. Due times count from the start, so that nothing adds up. When sending takes too long
// the player catches up at most MaxLate; what it is late beyond that moves the whole schedule, so that a slow receiver
// never gets a burst of more than that.
type Player struct {
	// Options choose the messages; Retain is not needed.
	Options Options
	// Rate is the speed, 1 = as recorded; 0 means 1.
	Rate float64
	// Publish sends one message; m.Data is valid until it returns. An error ends the replay.
	Publish func(m Message) error
	// Clock, WallClock when nil.
	Clock Clock
	// MaxLate bounds catching up; 0 = 200 ms.
	MaxLate time.Duration
}

// PlayReport says how a replay went.
type PlayReport struct {
	Messages uint64 `json:"messages"`
	Bytes    uint64 `json:"bytes"`
	// Recorded is the time between the first and the last message's arrival; Took is what playing took.
	Recorded time.Duration `json:"recorded_ns"`
	Took     time.Duration `json:"took_ns"`
	// MaxLate is the latest that a message went out after it was due; Slipped is by how much the schedule was moved.
	MaxLate time.Duration `json:"max_late_ns"`
	Slipped time.Duration `json:"slipped_ns"`
}

// Play sends the chosen messages and returns when the last one is out, when ctx ends, or when publishing or reading fails.
// The report is good in every case.
func (p *Player) Play(ctx context.Context, r *Reader) (PlayReport, error) {
	rate, clock, maxLate := p.Rate, p.Clock, p.MaxLate
	if rate == 0 {
		rate = 1
	}
	if !(rate > 0) || rate > 1e6 {
		return PlayReport{}, fmt.Errorf("play %s: rate %g: give a number above 0", r.Path(), p.Rate)
	}
	if p.Publish == nil {
		return PlayReport{}, errors.New("play: no Publish function")
	}
	if clock == nil {
		clock = WallClock{}
	}
	if maxLate == 0 {
		maxLate = defaultMaxLate
	}
	var (
		rep    PlayReport
		first  sensors.StampNs
		start  time.Time
		anchor time.Time // when the first message is due; moves when the schedule slips
	)
	for m, err := range r.Messages(p.Options) {
		if err != nil {
			return rep, err
		}
		if rep.Messages == 0 {
			first, start = m.Received, clock.Now()
			anchor = start
		}
		due := anchor.Add(time.Duration(float64(m.Received.Sub(first)) / rate))
		if err := ctx.Err(); err != nil {
			return rep, fmt.Errorf("play %s: %w", r.Path(), err)
		}
		if wait := due.Sub(clock.Now()); wait > 0 {
			if err := clock.Sleep(ctx, wait); err != nil {
				return rep, fmt.Errorf("play %s: %w", r.Path(), err)
			}
		}
		if late := clock.Now().Sub(due); late > 0 {
			rep.MaxLate = max(rep.MaxLate, late)
			if slip := late - maxLate; slip > 0 {
				anchor = anchor.Add(slip)
				rep.Slipped += slip
			}
		}
		if err := p.Publish(m); err != nil {
			return rep, fmt.Errorf("play %s: publish %s seq %d: %w", r.Path(), m.Topic, m.Seq, err)
		}
		rep.Messages++
		rep.Bytes += uint64(len(m.Data))
		rep.Recorded, rep.Took = m.Received.Sub(first), clock.Now().Sub(start)
	}
	return rep, nil
}
