package degrade

import (
	"cmp"
	"container/heap"
	"fmt"

	"github.com/fusiond/fusiond/replay"
	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim"
	"github.com/fusiond/fusiond/sim/effect"
)

// holdNs is how long messages wait for what came after them: ground truth for the sweep of its stamp.
const holdNs = sensors.StampNs(150e6)

// maxHeldBytes bounds what orders of delay may hold back.
const maxHeldBytes = 512 << 20

// stream is what is kept of one topic.
type stream struct {
	name   replay.Topic
	faults *effect.Messages // nil where nothing can go wrong on the way
	count  uint64
	report StreamReport
}

// order turns finished jobs, in the order of their recorded arrivals, into messages in the order of their new ones.
type order struct {
	emit   func(replay.Message) error
	events []effect.Event
	heap   arrivals
	held   int64
	number uint64
	truths []waitingTruth
	limit  int64 // of held
}

type waitingTruth struct {
	job    *job
	number uint64
}

// put takes the next job. What can no longer be overtaken is emitted.
func (o *order) put(j *job) error {
	switch {
	case j.sweep != nil && j.sweep.frame != nil:
		j.sweep.frame.take(j.sweep)
	case j.truth != nil && j.truth.frame != nil:
		o.number++
		o.truths = append(o.truths, waitingTruth{j, o.number})
		return o.pass(j.Received - holdNs)
	}
	if j.stream.faults == nil {
		o.push(j, j.Message, j.payload)
		return o.pass(j.Received - holdNs)
	}
	o.events = j.stream.faults.Append(o.events[:0], j.index, effect.Event{Stamp: j.Stamp, Received: j.Received, Payload: j.payload}, &j.conditions.Fault)
	for _, e := range o.events {
		if e.Restamped && !e.Flipped {
			payload, err := sim.Restamp(j.name.Modality, e.Payload, e.Stamp)
			if err == nil {
				e.Payload = payload
			} // what cannot be read keeps its stamp within, like a broken message
		}
		m := j.Message
		m.Stamp, m.Received = e.Stamp, e.Received
		if e.Restamped || e.Flipped || e.Received != j.Received {
			j.changed = true
		}
		o.push(j, m, e.Payload)
	}
	if j.changed {
		j.stream.report.Changed++
	}
	return o.pass(j.Received - holdNs)
}

func (o *order) push(j *job, m replay.Message, payload []byte) {
	o.number++
	o.add(j, m, payload, o.number)
}

func (o *order) add(j *job, m replay.Message, payload []byte, number uint64) {
	m.Data = payload
	o.held += int64(len(payload))
	heap.Push(&o.heap, arrival{m, number, j.stream})
}

// pass emits what arrives before now: everything that is still to come arrives then or later.
func (o *order) pass(now sensors.StampNs) error {
	for len(o.truths) > 0 && o.truths[0].job.Received <= now {
		t := o.truths[0]
		o.truths = o.truths[1:]
		data, err := t.job.truth.message()
		if err != nil {
			return err
		}
		t.job.stream.report.Changed++
		o.add(t.job, t.job.Message, data, t.number)
	}
	for len(o.heap) > 0 && o.heap[0].Received < now {
		a := heap.Pop(&o.heap).(arrival) //nolint:forcetypeassert // it holds nothing else
		o.held -= int64(len(a.Data))
		a.stream.report.Written++
		if err := o.emit(a.Message); err != nil {
			return err
		}
	}
	if o.held > o.limit {
		return fmt.Errorf("orders of the time line hold back %d MiB of messages at once, and at most %d MiB are kept: "+
			"shorten delay, jitter or reorder", o.held>>20, o.limit>>20)
	}
	return nil
}

func (o *order) finish() error {
	const ever = sensors.StampNs(1<<63 - 1)
	return o.pass(ever)
}

// arrival is a message on its way; number breaks ties.
type arrival struct {
	replay.Message
	number uint64
	stream *stream
}

// arrivals is a heap by arrival.
type arrivals []arrival

func (a arrivals) Len() int      { return len(a) }
func (a arrivals) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a arrivals) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(a[i].Received, a[j].Received), cmp.Compare(a[i].number, a[j].number)) < 0
}

// Push implements heap.Interface.
func (a *arrivals) Push(x any) { *a = append(*a, x.(arrival)) } //nolint:forcetypeassert // only we push

// Pop implements heap.Interface.
func (a *arrivals) Pop() any {
	last := len(*a) - 1
	x := (*a)[last]
	(*a)[last] = arrival{}
	*a = (*a)[:last]
	return x
}
