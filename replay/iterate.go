package replay

import (
	"cmp"
	"container/heap"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/foxglove/mcap/go/mcap"

	"github.com/fusiond/fusiond/sensors"
)

// maxOpenBytes bounds the chunks that one iteration holds at once. Recordings in order of arrival need one or two chunks.
const maxOpenBytes = 768 << 20

// Options choose messages. The zero value is all of them.
type Options struct {
	// From and To bound the arrival, both included; zero means no bound.
	From, To sensors.StampNs
	// Topics to read; empty = all.
	Topics []string
	// Inputs reads only what a vehicle sends: sensors and ego motion.
	Inputs bool
	// Retain leaves every Message.Data valid for as long as it is referenced, instead of until the next message. Each
	// reference then keeps a whole chunk (4 MiB) alive.
	Retain bool
}

func (o Options) wants(topic string) bool {
	if o.Inputs && !ParseTopic(topic).IsInput() {
		return false
	}
	return len(o.Topics) == 0 || slices.Contains(o.Topics, topic)
}

func (o Options) within(t sensors.StampNs) bool { return t >= o.From && (o.To == 0 || t <= o.To) }

// Messages iterates in order of arrival; messages of equal arrival come in the order of the file. It yields an error once,
// at the end, when the file cannot be read on: a *DamageError. Message.Data is valid until the next step of the loop
// unless Options.Retain is set; it must not be modified.
func (r *Reader) Messages(o Options) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		it := &iteration{r: r, o: o, topics: map[uint16]*mcap.Channel{}}
		for id, ch := range r.channels {
			if o.wants(ch.Topic) {
				it.topics[id] = ch
			}
		}
		for _, x := range r.chunks {
			if it.needs(x) {
				it.waiting = append(it.waiting, x)
			}
		}
		for {
			m, ok, err := it.next()
			if err != nil {
				yield(Message{}, err)
				return
			}
			if !ok || !yield(m, nil) {
				return
			}
		}
	}
}

// iteration merges the chunks that overlap in time.
type iteration struct {
	r       *Reader
	o       Options
	topics  map[uint16]*mcap.Channel
	waiting []*mcap.ChunkIndex // by start
	open    openChunks
	bytes   int64
	free    []*openChunk // for reuse
	done    *openChunk   // its last message was handed out; reusable at the next step
	record  []byte
	dec     decoder
}

type openChunk struct {
	place   uint64 // offset in the file
	buf     []byte
	entries []entry // by arrival, then place
	next    int
}

type entry struct {
	head   messageHead
	offset int // of the payload in buf
	end    int
}

func (c *openChunk) head() uint64 { return c.entries[c.next].head.received }

// needs reports whether a chunk can hold a chosen message.
func (it *iteration) needs(x *mcap.ChunkIndex) bool {
	if stampOf(x.MessageEndTime) < it.o.From {
		return false
	}
	if it.o.To != 0 && stampOf(x.MessageStartTime) > it.o.To {
		return false
	}
	if len(x.MessageIndexOffsets) == 0 { // not indexed: look inside
		return true
	}
	for id := range x.MessageIndexOffsets {
		if _, ok := it.topics[id]; ok {
			return true
		}
	}
	return false
}

func (it *iteration) next() (Message, bool, error) {
	if it.done != nil {
		if !it.o.Retain {
			it.free = append(it.free, it.done)
		}
		it.done = nil
	}
	for len(it.waiting) > 0 && (len(it.open) == 0 || it.waiting[0].MessageStartTime <= it.open[0].head()) {
		x := it.waiting[0]
		it.waiting = it.waiting[1:]
		if err := it.load(x); err != nil {
			return Message{}, false, err
		}
	}
	if len(it.open) == 0 {
		return Message{}, false, nil
	}
	c := it.open[0]
	e := c.entries[c.next]
	c.next++
	if c.next < len(c.entries) {
		heap.Fix(&it.open, 0)
	} else {
		heap.Pop(&it.open)
		it.bytes -= int64(len(c.buf))
		it.done = c
	}
	ch := it.topics[e.head.channel]
	m := Message{
		Topic: ch.Topic, Stamp: stampOf(e.head.stamp), Received: stampOf(e.head.received), Seq: e.head.seq,
		Data: c.buf[e.offset:e.end:e.end],
	}
	if s := it.r.schemas[ch.SchemaID]; s != nil {
		m.Schema = s.Name
	}
	return m, true, nil
}

// load reads, checks and sorts one chunk.
func (it *iteration) load(x *mcap.ChunkIndex) error {
	at := int64(x.ChunkStartOffset) //nolint:gosec // inside the file
	c := &openChunk{}
	if n := len(it.free); n > 0 {
		c, it.free = it.free[n-1], it.free[:n-1]
	}
	c.place, c.next, c.entries = x.ChunkStartOffset, 0, c.entries[:0]
	f, err := it.r.c.frameAt(at)
	if err == nil && f.op != mcap.OpChunk {
		err = fmt.Errorf("found a %s record", f.op)
	}
	if err == nil {
		it.record, err = it.r.c.bodyOf(f, it.record)
	}
	if err == nil {
		err = it.fill(c)
	}
	if err != nil {
		var damage *DamageError
		if errors.As(err, &damage) {
			return err
		}
		return it.r.c.damage(at, "chunk", err)
	}
	if len(c.entries) == 0 {
		it.free = append(it.free, c)
		return nil
	}
	if it.bytes += int64(len(c.buf)); it.bytes > maxOpenBytes {
		return it.r.c.damage(at, "chunk", fmt.Errorf("its messages are so far out of order that more than %d bytes "+
			"would have to be held at once", maxOpenBytes))
	}
	heap.Push(&it.open, c)
	return nil
}

func (it *iteration) fill(c *openChunk) error {
	h, err := parseChunk(it.record)
	if err != nil {
		return err
	}
	if c.buf, err = it.dec.decode(h, c.buf); err != nil {
		return err
	}
	sorted := true
	err = walk(c.buf, func(op mcap.OpCode, body []byte, off int) error {
		if op != mcap.OpMessage {
			return nil
		}
		m, err := parseMessageHead(body)
		if err != nil {
			return err
		}
		if _, known := it.r.channels[m.channel]; !known {
			return fmt.Errorf("message of the unknown channel %d", m.channel)
		}
		if _, want := it.topics[m.channel]; !want || !it.o.within(stampOf(m.received)) {
			return nil
		}
		if n := len(c.entries); n > 0 && m.received < c.entries[n-1].head.received {
			sorted = false
		}
		c.entries = append(c.entries, entry{head: m, offset: off + messageHeadBytes, end: off + len(body)})
		return nil
	})
	if !sorted {
		slices.SortStableFunc(c.entries, func(a, b entry) int { return cmp.Compare(a.head.received, b.head.received) })
	}
	return err
}

// openChunks is a heap by the arrival of the next message, then by place in the file.
type openChunks []*openChunk

func (h openChunks) Len() int      { return len(h) }
func (h openChunks) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h openChunks) Less(i, j int) bool {
	if a, b := h[i].head(), h[j].head(); a != b {
		return a < b
	}
	return h[i].place < h[j].place
}

// Push implements heap.Interface.
func (h *openChunks) Push(x any) { *h = append(*h, x.(*openChunk)) } //nolint:forcetypeassert // only we push

// Pop implements heap.Interface.
func (h *openChunks) Pop() any {
	old := *h
	c := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return c
}
