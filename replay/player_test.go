package replay

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

// fakeClock moves only when somebody sleeps or works.
type fakeClock struct {
	now   time.Time
	slept []time.Duration
}

func (c *fakeClock) Now() time.Time { return c.now }

func (c *fakeClock) Sleep(ctx context.Context, d time.Duration) error {
	c.slept = append(c.slept, d)
	c.now = c.now.Add(d)
	return ctx.Err()
}

func playable(t *testing.T, n int) *Reader {
	t.Helper()
	var ms []Message
	for i := range n {
		ms = append(ms, egoMessage(t, i+1, 3))
	}
	r, err := openBytes(record(t, WriterOptions{ChunkBytes: 500}, ms...))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestPlaySchedule(t *testing.T) {
	begin := time.Unix(1000, 0)
	for _, tc := range []struct {
		name    string
		rate    float64
		work    func(i int) time.Duration // time that publishing takes
		sent    func(i int) time.Duration // when message i goes out, after the first
		slipped time.Duration
		maxLate time.Duration
	}{
		{"real time", 1, nil, func(i int) time.Duration { return time.Duration(i) * 100 * time.Millisecond }, 0, 0},
		{"default rate", 0, nil, func(i int) time.Duration { return time.Duration(i) * 100 * time.Millisecond }, 0, 0},
		{"twice as fast", 2, nil, func(i int) time.Duration { return time.Duration(i) * 50 * time.Millisecond }, 0, 0},
		{"a tenth", 0.1, nil, func(i int) time.Duration { return time.Duration(i) * time.Second }, 0, 0},
		{
			"work within the period does not add up", 1, func(int) time.Duration { return 30 * time.Millisecond },
			func(i int) time.Duration { return time.Duration(i) * 100 * time.Millisecond }, 0, 0,
		},
		{
			"a stall of 250 ms is made up for", 1, func(i int) time.Duration {
				if i == 2 {
					return 250 * time.Millisecond
				}
				return 0
			},
			func(i int) time.Duration {
				return max(time.Duration(i)*100, 0)*time.Millisecond + map[int]time.Duration{3: 150 * time.Millisecond, 4: 50 * time.Millisecond}[i]
			},
			0, 150 * time.Millisecond,
		},
		{
			"a stall of 1 s moves the schedule beyond 200 ms", 1, func(i int) time.Duration {
				if i == 2 {
					return time.Second
				}
				return 0
			},
			func(i int) time.Duration {
				if i < 3 {
					return time.Duration(i) * 100 * time.Millisecond
				}
				// Due at 0.3 s, sent at 1.2 s, 0.9 late: 0.7 s slip, so that 0.2 s are made up for.
				return max(1200*time.Millisecond, time.Duration(i)*100*time.Millisecond+700*time.Millisecond)
			}, 700 * time.Millisecond, 900 * time.Millisecond,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			clock := &fakeClock{now: begin}
			i := 0
			p := Player{Rate: tc.rate, Clock: clock, Publish: func(m Message) error {
				if got, want := clock.now.Sub(begin), tc.sent(i); got != want || int(m.Seq) != i+1 {
					t.Errorf("message %d (seq %d) goes out after %v, want %v", i, m.Seq, got, want)
				}
				if tc.work != nil {
					clock.now = clock.now.Add(tc.work(i))
				}
				i++
				return nil
			}}
			rep, err := p.Play(context.Background(), playable(t, 12))
			if err != nil || rep.Messages != 12 || rep.Recorded != 1100*time.Millisecond || rep.Slipped != tc.slipped || rep.MaxLate != tc.maxLate {
				t.Errorf("report %+v, %v; want 12 messages, slipped %v, late %v", rep, err, tc.slipped, tc.maxLate)
			}
		})
	}
}

func TestPlayStops(t *testing.T) {
	r := playable(t, 10)
	broken := errors.New("no link")
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for _, tc := range []struct {
		name    string
		ctx     context.Context //nolint:containedctx // of this case
		p       Player
		publish func(m Message) error
		want    error
		text    string
		sent    uint64
	}{
		{"publishing fails", context.Background(), Player{}, func(m Message) error {
			if m.Seq == 4 {
				return broken
			}
			return nil
		}, broken, "publish av.car.ego seq 4", 3},
		{"cancelled", ctx, Player{}, func(m Message) error {
			if m.Seq == 5 {
				cancel()
			}
			return nil
		}, context.Canceled, "play test.mcap", 5},
		{"negative rate", context.Background(), Player{Rate: -1}, func(Message) error { return nil }, nil, "above 0", 0},
		{"no publisher", context.Background(), Player{}, nil, nil, "no Publish", 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.p.Clock, tc.p.Publish = &fakeClock{}, tc.publish
			rep, err := tc.p.Play(tc.ctx, r)
			if err == nil || (tc.want != nil && !errors.Is(err, tc.want)) || !strings.Contains(err.Error(), tc.text) || rep.Messages != tc.sent {
				t.Errorf("sent %d, %v; want %d and %q", rep.Messages, err, tc.sent, tc.text)
			}
		})
	}
}

func TestPlayRange(t *testing.T) {
	r := playable(t, 10)
	var got []uint32
	p := Player{Clock: &fakeClock{}, Options: Options{From: testStart + 3*testPeriod, To: testStart + 6*testPeriod}, Publish: func(m Message) error {
		got = append(got, m.Seq)
		return nil
	}}
	if _, err := p.Play(context.Background(), r); err != nil || len(got) != 3 || got[0] != 3 || got[2] != 5 {
		t.Errorf("got %v, %v; want 3, 4, 5 (arrivals are 2 ms after the stamps)", got, err)
	}
}

func TestWallClockSleeps(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	if err := (WallClock{}).Sleep(ctx, time.Microsecond); err != nil {
		t.Error(err)
	}
	cancel()
	if err := (WallClock{}).Sleep(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("sleep with a cancelled context: %v", err)
	}
}
