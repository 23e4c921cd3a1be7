package degrade

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sort"
	"sync"

	"github.com/fusiond/fusiond/replay"
	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim/chance"
	"github.com/fusiond/fusiond/sim/effect"
)

var errNotRead = errors.New("the sweep cannot be read")

// Options say how to degrade.
type Options struct {
	Seed uint64
	// Workers is how many messages are worked on at once, 0 = as many as there are cores. The result does not depend on it.
	Workers int
	// Progress is told the arrival of what has been read; may be nil.
	Progress func(sensors.StampNs)
}

// Report says what was done.
type Report struct {
	// Streams by topic.
	Streams []StreamReport `json:"streams"`
	// LeftOut are topics of the recording that would lie beside degraded data, with their messages.
	LeftOut map[string]uint64 `json:"left_out"`
}

// StreamReport is the account of one topic.
type StreamReport struct {
	Topic string `json:"topic"`
	// Recorded messages came in, Written went out; Changed of Recorded are not as they were.
	Recorded uint64 `json:"recorded"`
	Written  uint64 `json:"written"`
	Changed  uint64 `json:"changed"`
	// Unreadable messages should have been degraded and could not be read: they are as they were. FirstFault says why.
	Unreadable uint64 `json:"unreadable"`
	FirstFault string `json:"first_fault,omitempty"`
	// WithoutSweep counts pictures that had no sweep within a second: their distances are those of a plane and the sky.
	WithoutSweep uint64 `json:"without_sweep"`
	// Points of a lidar's sweeps that were degraded: as recorded, and what became of them.
	Points      uint64 `json:"points"`
	PointsKept  uint64 `json:"points_kept"`
	PointsMoved uint64 `json:"points_moved"`
	PointsLost  uint64 `json:"points_lost"`
}

// Unreadable is the number of messages that could not be degraded.
func (r *Report) Unreadable() (n uint64) {
	for i := range r.Streams {
		n += r.Streams[i].Unreadable
	}
	return n
}

// Run lays a scenario's time line over a recording and hands the messages to emit in the order of their new arrivals, from the calling
// goroutine. The time line begins with the recording's first arrival. What the scenario orders is checked against the recording before the
// first message. emit may keep what it is given. The error is that of reading, of emit, of ctx, or says what the recording lacks.
func Run(ctx context.Context, r *replay.Reader, s *Scenario, o Options, emit func(replay.Message) error) (*Report, error) {
	c, err := survey(r)
	if err == nil {
		err = s.check(c)
	}
	if err != nil {
		return nil, err
	}
	p := newPipe(r, s, c, o, emit)
	defer p.stop()
	for m, err := range r.Messages(replay.Options{}) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, fmt.Errorf("degrade %s: %w", r.Path(), err)
		}
		if p.window.streams[m.Topic] == nil {
			p.report.LeftOut[m.Topic]++
			continue
		}
		p.window.enter(m)
		if err := p.advance(ctx, m.Received); err != nil {
			return nil, fmt.Errorf("degrade %s: %w", r.Path(), err)
		}
		if o.Progress != nil {
			o.Progress(m.Received)
		}
	}
	if err := p.finish(ctx); err != nil {
		return nil, fmt.Errorf("degrade %s: %w", r.Path(), err)
	}
	return p.account(), nil
}

// pipe moves messages from the window through the workers into order. Its workers' goroutines end with stop.
type pipe struct {
	window  *window
	order   *order
	pending []*job // given to the workers, oldest first
	busy    int    // of them, those that need work
	most    int    // of busy
	jobs    chan *job
	running sync.WaitGroup
	report  *Report
}

// maxPending bounds the messages that wait for an older one.
const maxPending = 512

func newPipe(r *replay.Reader, s *Scenario, c *content, o Options, emit func(replay.Message) error) *pipe {
	workers := o.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	key := chance.Of(o.Seed, "degrade")
	p := &pipe{
		window: &window{scenario: s, content: c, key: key, streams: map[string]*stream{}},
		order:  &order{emit: emit, limit: maxHeldBytes},
		most:   2 * workers, jobs: make(chan *job, 2*workers), report: &Report{LeftOut: map[string]uint64{}},
	}
	for _, in := range r.Streams() {
		if !s.Empty() && derived(in.Topic, in.Name) {
			continue
		}
		one := &stream{name: in.Name, report: StreamReport{Topic: in.Topic}}
		if in.Name.IsInput() {
			id := in.Name.Sensor
			if in.Name.Kind == "ego" {
				id = sensors.EgoStream
			}
			one.faults = effect.NewMessages(key.With("sensor", string(id)))
		}
		p.window.streams[in.Topic] = one
	}
	t := newTools()
	for range workers {
		p.running.Go(func() {
			w := newWorker(t, key)
			for j := range p.jobs {
				w.do(j)
			}
		})
	}
	return p
}

// stop ends the workers.
func (p *pipe) stop() {
	close(p.jobs)
	p.running.Wait()
}

// advance works on everything that has seen what it must.
func (p *pipe) advance(ctx context.Context, now sensors.StampNs) error {
	for j := p.window.next(now); j != nil; j = p.window.next(now) {
		for p.busy >= p.most || len(p.pending) >= maxPending {
			if err := p.collect(ctx); err != nil {
				return err
			}
		}
		p.window.prepare(j)
		if j.works() {
			j.done = make(chan struct{})
			p.busy++
			p.jobs <- j
		}
		p.pending = append(p.pending, j)
	}
	return nil
}

// collect waits for the oldest job and puts it in order.
func (p *pipe) collect(ctx context.Context) error {
	j := p.pending[0]
	p.pending = p.pending[1:]
	if j.done != nil {
		select {
		case <-j.done:
		case <-ctx.Done():
			return ctx.Err()
		}
		p.busy--
	}
	var broken *unreadableError
	report := &j.stream.report
	switch {
	case errors.As(j.err, &broken):
		if report.Unreadable++; report.Unreadable == 1 {
			report.FirstFault = broken.Error()
		}
	case j.err != nil:
		return j.err
	}
	if s := j.sweep; s != nil && s.apply {
		report.Points += uint64(s.counts.Kept + s.counts.Moved + s.counts.Lost)
		report.PointsKept += uint64(s.counts.Kept)
		report.PointsMoved += uint64(s.counts.Moved)
		report.PointsLost += uint64(s.counts.Lost)
	}
	return p.order.put(j)
}

func (p *pipe) finish(ctx context.Context) error {
	const ever = sensors.StampNs(1<<63 - 1)
	if err := p.advance(ctx, ever); err != nil {
		return err
	}
	for len(p.pending) > 0 {
		if err := p.collect(ctx); err != nil {
			return err
		}
	}
	return p.order.finish()
}

func (p *pipe) account() *Report {
	for _, s := range p.window.streams {
		p.report.Streams = append(p.report.Streams, s.report)
	}
	sort.Slice(p.report.Streams, func(i, j int) bool { return p.report.Streams[i].Topic < p.report.Streams[j].Topic })
	return p.report
}

// derived says whether a topic was made from the sensors' data, so that it would lie beside degraded data.
func derived(topic string, name replay.Topic) bool {
	switch name.Kind {
	case "sensor", "ego", "truth":
		return false
	case "":
		return topic == "/objects" || hasPrefix(topic, "/camera/") || hasPrefix(topic, "/lidar/")
	}
	return true
}

func hasPrefix(s, prefix string) bool { return len(s) >= len(prefix) && s[:len(prefix)] == prefix }
