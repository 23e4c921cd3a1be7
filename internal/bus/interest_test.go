package bus

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

const (
	mapSubject = "av.car.debug.attention.lidar"
	mapSchema  = "fusion.v1.BevMap"
)

func openInterest(t *testing.T, b *Bus) *Interest {
	t.Helper()
	in, err := b.NewInterest()
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// ask is one granted probe at a time.
func ask(t *testing.T, in *Interest, at time.Duration) {
	t.Helper()
	if !in.Wanted(mapSubject, int64(at)) {
		t.Fatalf("at %v: not wanted, want a probe", at)
	}
	if err := in.Publish(mapSubject, mapSchema, []byte("map")); err != nil {
		t.Fatal(err)
	}
}

// TestInterest follows one subject: nobody listens, somebody comes, and goes. Time is the test's own.
func TestInterest(t *testing.T) {
	const settled, almost = interestSettle, interestProbe - 1
	eachServer(t, func(t *testing.T, cfg Config) {
		b := openBus(t, cfg)
		in := openInterest(t, b)
		wanted := func(what string, at time.Duration, want bool) {
			t.Helper()
			if got := in.Wanted(mapSubject, int64(at)); got != want {
				t.Fatalf("%s, at %v: wanted %v, want %v", what, at, got, want)
			}
		}
		refused := func(what string, at time.Duration) {
			t.Helper()
			waitFor(t, what, func() bool { return !in.Wanted(mapSubject, int64(at)) })
		}
		ask(t, in, 0)
		wanted("no answer yet", settled-1, false)
		refused("nobody listens", settled)
		wanted("until the next second", almost, false)

		got := make(chan *Message, 8)
		sub, err := b.Subscribe("av.car.debug.>", func(m *Message) { got <- m })
		if err != nil {
			t.Fatal(err)
		}
		wanted("somebody came, not asked yet", almost, false)
		ask(t, in, interestProbe)
		if m := next(t, "probe", got); string(m.Data) != "map" || m.Seq != 2 || m.Boot != b.Publisher().Boot() || m.Schema != mapSchema {
			t.Errorf("got %+v, want the second map", *m)
		}
		wanted("the answer may be on its way", interestProbe+settled-1, false)
		wanted("heard", interestProbe+settled, true)
		if err := in.Publish(mapSubject, mapSchema, []byte("more")); err != nil {
			t.Fatal(err)
		}
		if m := next(t, "map", got); string(m.Data) != "more" {
			t.Errorf("got %q, want more", m.Data)
		}
		ask(t, in, 2*interestProbe)
		wanted("heard before, asked again", 2*interestProbe+1, true)
		next(t, "second probe", got) // the server has it

		if err := sub.Close(); err != nil {
			t.Fatal(err)
		}
		if err := b.control.nc.Flush(); err != nil {
			t.Fatal(err)
		}
		wanted("gone, not asked yet", 2*interestProbe+settled, true)
		ask(t, in, 3*interestProbe)
		refused("gone", 3*interestProbe+settled)
		// A clock that was set back asks again.
		wanted("clock set back", interestProbe, true)
		if s := in.Stats(); s.Published != 5 || s.Lost+s.Refused != 0 {
			t.Errorf("stats: got %+v, want 5 published", s)
		}
		if err := in.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestInterestReplies: only the server's word counts, and only for the subject it is about.
func TestInterestReplies(t *testing.T) {
	b := openBus(t, listening())
	in := openInterest(t, b)
	nc := plainClient(t, b.ClientURL())
	sub, err := nc.SubscribeSync(mapSubject)
	if err != nil {
		t.Fatal(err)
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
	ask(t, in, 0)
	m, err := sub.NextMsg(testLimit)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Respond([]byte("thank you")); err != nil {
		t.Fatal(err)
	}
	const other = "av.car.debug.heat.car"
	if err := nc.Flush(); err != nil { // the reply is at the server, before the answer to the next probe
		t.Fatal(err)
	}
	if !in.Wanted(other, 0) {
		t.Fatal("another subject is not asked for")
	}
	if err := in.Publish(other, mapSchema, nil); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "nobody listens to "+other, func() bool { return !in.Wanted(other, int64(interestSettle)) })
	if !in.Wanted(mapSubject, int64(interestSettle)) {
		t.Error("a reply made a heard subject unheard")
	}
}

// TestInterestBounds: what cannot be a subject is never wanted, and neither is one too many; asking allocates nothing.
func TestInterestBounds(t *testing.T) {
	b := openBus(t, Config{Embedded: EmbeddedInProcess})
	in := openInterest(t, b)
	for _, subject := range []string{"", "av.car.debug", "av.car.debug.a.b.c.d.e", "av.car.debug.heat.traffic cone", "av.*.debug.x"} {
		if in.Wanted(subject, 0) {
			t.Errorf("%q is wanted", subject)
		}
	}
	granted := 0
	for i := range 2 * maxInterestSubjects {
		if in.Wanted(fmt.Sprint("av.car.debug.n", i), 0) {
			granted++
		}
	}
	if want := maxInterestSubjects - 5; granted != want {
		t.Errorf("%d subjects are wanted, want %d", granted, want)
	}
	if allocs := testing.AllocsPerRun(100, func() { in.Wanted("av.car.debug.n1", 1) }); allocs != 0 {
		t.Errorf("asking allocates %g times, want 0", allocs)
	}
}

// TestInterestLost: while the server is gone nothing is wanted but a probe a second, and nothing waits.
func TestInterestLost(t *testing.T) {
	s := startServer(t, nil)
	b, err := Open(testContext(t), Config{URL: s.ClientURL()}, discard())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := b.Close(); !errors.Is(err, ErrDisconnected) {
			t.Errorf("close: got %v, want %v", err, ErrDisconnected)
		}
	}()
	in := openInterest(t, b)
	stopServer(s)
	waitFor(t, "connections lost", func() bool { s := b.Stats(); return !s.In.Connected && !s.Out.Connected })
	if !in.Wanted(mapSubject, 0) {
		t.Fatal("not wanted, want a probe")
	}
	if err := in.Publish(mapSubject, mapSchema, nil); !errors.Is(err, ErrDisconnected) {
		t.Errorf("publish: got %v, want %v", err, ErrDisconnected)
	}
	if in.Wanted(mapSubject, int64(interestProbe-1)) {
		t.Error("wanted after a lost probe")
	}
}
