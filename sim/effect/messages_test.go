package effect

import (
	"bytes"
	"cmp"
	"math"
	"math/bits"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim/chance"
	"github.com/fusiond/fusiond/sim/timeline"
)

const (
	ms         = sensors.StampNs(time.Millisecond)
	startStamp = 1000 * ms
)

// streamOf is message i of a stream of 100 ms, received 20 ms after its stamp.
func message(i int) Event {
	stamp := startStamp + sensors.StampNs(i)*100*ms
	return Event{Stamp: stamp, Received: stamp + 20*ms, Payload: []byte{byte(i), byte(i >> 8), 0xaa, 0x55}}
}

// play sends n messages through a fault that lasts from message from to before message to, and sorts as a caller does.
func play(n, from, to int, f timeline.Fault) []Event {
	m := NewMessages(chance.Of(1, "stream"))
	var out []Event
	for i := range n {
		now := timeline.Fault{}
		if i >= from && i < to {
			now = f
		}
		out = m.Append(out, uint64(i), message(i), &now)
	}
	slices.SortStableFunc(out, func(a, b Event) int { return cmp.Compare(a.Received, b.Received) })
	return out
}

// content is the number of the message that a payload is of.
func content(e Event) int { return int(e.Payload[0]) | int(e.Payload[1])<<8 }

func TestHealthyStream(t *testing.T) {
	out := play(50, 0, 50, timeline.Fault{})
	for i := range 50 {
		want := message(i)
		if e := out[i]; e.Stamp != want.Stamp || e.Received != want.Received || content(e) != i || e.Restamped || e.Flipped {
			t.Fatalf("message %d became %+v", i, e)
		}
	}
}

func TestDeadAndDropped(t *testing.T) {
	out := play(30, 10, 20, timeline.Fault{Dead: true})
	if len(out) != 20 || content(out[9]) != 9 || content(out[10]) != 20 {
		t.Errorf("dead from 10 to 19: %d messages", len(out))
	}
	within(t, "a third dropped", float64(len(play(5000, 0, 5000, timeline.Fault{DropShare: 1. / 3})))/5000, 2./3, 0.03)
	if n := len(play(100, 0, 100, timeline.Fault{DropShare: 1})); n != 0 {
		t.Errorf("all dropped: %d left", n)
	}
}

func TestStuck(t *testing.T) {
	for i, e := range play(30, 10, 20, timeline.Fault{Stuck: true}) {
		want, stuck := i, i >= 10 && i < 20
		if stuck {
			want = 9
		}
		if content(e) != want || e.Restamped != stuck || e.Stamp != message(i).Stamp {
			t.Errorf("message %d: content %d with stamp %d, want %d and %d", i, content(e), e.Stamp, want, message(i).Stamp)
		}
	}
	if e := play(3, 0, 3, timeline.Fault{Stuck: true}); content(e[2]) != 0 {
		t.Errorf("stuck from the first: content %d, want 0", content(e[2]))
	}
}

func TestDelayAndJitter(t *testing.T) {
	for i, e := range play(20, 0, 20, timeline.Fault{Delay: 30 * time.Millisecond}) {
		if got := e.Received - message(i).Received; got != 30*ms {
			t.Fatalf("message %d is %d ns late, want 30 ms", i, got)
		}
	}
	var sum, square float64
	const n = 4000
	for _, e := range play(n, 0, n, timeline.Fault{Delay: 50 * time.Millisecond, Jitter: 5 * time.Millisecond}) {
		late := float64(e.Received-e.Stamp-20*ms) / 1e6
		sum, square = sum+late, square+(late-50)*(late-50)
	}
	within(t, "mean delay, ms", sum/n, 50, 0.4)
	near(t, "jitter, ms", math.Sqrt(square/n), 5, 0.05)
	for _, e := range play(1000, 0, 1000, timeline.Fault{Jitter: 50 * time.Millisecond}) {
		if e.Received < e.Stamp+20*ms {
			t.Fatal("jitter made a message arrive before it did")
		}
	}
}

func TestReorderAndDuplicate(t *testing.T) {
	out := play(1000, 0, 1000, timeline.Fault{ReorderShare: 0.1})
	if len(out) != 1000 {
		t.Fatalf("reorder made 1000 messages %d", len(out))
	}
	late := 0
	newest := -1
	for _, e := range out {
		if c := content(e); c < newest {
			late++
		} else {
			newest = c
		}
	}
	within(t, "overtaken messages", float64(late), 100, 35)
	out = play(1000, 0, 1000, timeline.Fault{DuplicateShare: 0.2})
	within(t, "with duplicates", float64(len(out)), 1200, 50)
	for i := 1; i < len(out); i++ {
		if content(out[i]) < content(out[i-1]) {
			t.Fatal("a duplicate came after the next message")
		}
	}
}

func TestBitFlip(t *testing.T) {
	out := play(1000, 0, 1000, timeline.Fault{BitFlipShare: 0.5})
	flips := 0
	for i, e := range out {
		want := message(i).Payload
		n := 0
		for j := range want {
			n += bits.OnesCount8(e.Payload[j] ^ want[j])
		}
		if e.Flipped != (n > 0) || n > flipBits {
			t.Fatalf("message %d: %d bits turned over, flipped is %t", i, n, e.Flipped)
		}
		if n > 0 {
			flips++
		}
	}
	within(t, "broken", float64(flips), 500, 70)
	in := message(1)
	kept := bytes.Clone(in.Payload)
	NewMessages(chance.Of(1)).Append(nil, 1, in, &timeline.Fault{BitFlipShare: 1})
	if !bytes.Equal(in.Payload, kept) {
		t.Error("the input's bytes were changed")
	}
	if e := NewMessages(chance.Of(1)).Append(nil, 1, Event{}, &timeline.Fault{BitFlipShare: 1}); e[0].Flipped {
		t.Error("an empty payload was flipped")
	}
}

func TestClock(t *testing.T) {
	for _, c := range []struct {
		name string
		f    timeline.Fault
		want func(i int) sensors.StampNs // for messages 10..19 of 30
	}{
		{"offset", timeline.Fault{ClockOffset: -40 * time.Millisecond}, func(i int) sensors.StampNs { return message(i).Stamp - 40*ms }},
		{"TAI", timeline.Fault{ClockOffset: TAIOffset}, func(i int) sensors.StampNs { return message(i).Stamp + 37000*ms }},
		{"drift of 1000 ppm: 0.1 ms a message", timeline.Fault{ClockDriftPpm: 1000}, func(i int) sensors.StampNs {
			return message(i).Stamp + sensors.StampNs(i-9)*ms/10
		}},
		{"frozen", timeline.Fault{ClockFrozen: true}, func(int) sensors.StampNs { return message(9).Stamp }},
		{"frozen and late", timeline.Fault{ClockFrozen: true, ClockOffset: time.Second}, func(int) sensors.StampNs { return message(9).Stamp }},
	} {
		out := play(30, 10, 20, c.f)
		for i, e := range out {
			want, fault := message(i).Stamp, i >= 10 && i < 20
			if fault {
				want = c.want(i)
			}
			if e.Stamp != want || e.Restamped != fault || e.Received != message(i).Received {
				t.Errorf("%s: message %d has stamp %d (restamped %t), want %d", c.name, i, e.Stamp, e.Restamped, want)
			}
		}
	}
}

// TestMessageProperties: whatever the fault, sent = kept + dropped, arrivals never go back after sorting nor before the true ones, and
// the same keys give the same events.
func TestMessageProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		share := rapid.SampledFrom([]float64{0, 0, 0.2, 1})
		f := timeline.Fault{
			Dead: rapid.IntRange(0, 5).Draw(t, "dead") == 0, Stuck: rapid.Bool().Draw(t, "stuck"),
			Delay:  time.Duration(rapid.Int64Range(-1e9, 1e9).Draw(t, "delay")),
			Jitter: time.Duration(rapid.Int64Range(0, 1e9).Draw(t, "jitter")), DropShare: share.Draw(t, "drop"),
			DuplicateShare: share.Draw(t, "dup"), ReorderShare: share.Draw(t, "reorder"), BitFlipShare: share.Draw(t, "flip"),
			ClockDriftPpm: rapid.Float64Range(-1e5, 1e5).Draw(t, "ppm"), ClockFrozen: rapid.Bool().Draw(t, "frozen"),
		}
		n := rapid.IntRange(1, 60).Draw(t, "n")
		from := rapid.IntRange(0, n).Draw(t, "from")
		a, b := play(n, from, n, f), play(n, from, n, f)
		seen := make([]int, n)
		for i, e := range a {
			if i > 0 && e.Received < a[i-1].Received {
				t.Fatal("arrivals go back")
			}
			if !bytes.Equal(e.Payload, b[i].Payload) || e.Stamp != b[i].Stamp || e.Received != b[i].Received {
				t.Fatal("the same twice gives two streams")
			}
			if !e.Flipped && !f.Stuck {
				seen[content(e)]++
				if e.Received < message(content(e)).Received {
					t.Fatalf("message %d arrives before it did", content(e))
				}
			}
		}
		for i, k := range seen {
			if k > 2 || (i < from && !f.Stuck && k != 1) {
				t.Fatalf("message %d came %d times", i, k)
			}
		}
		if f.DropShare == 0 && !f.Dead && len(a) < n {
			t.Fatalf("%d of %d messages came without a reason", len(a), n)
		}
	})
}
