package pipeline

import (
	"errors"
	"log/slog"
	"sync/atomic"

	"google.golang.org/protobuf/proto"

	"github.com/fusiond/fusiond/internal/bus"
	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
)

// debugQueue bounds the maps that wait to be published, about two sets of them. What does not fit is dropped and counted: perception does
// not wait for those who watch it.
const debugQueue = 32

// BusDebug publishes maps on av.<vehicle>.debug.<name> while somebody listens there. It is live only: maps do not belong to what a recording
// is processed to. Its goroutine ("debug") serialises and sends; Close ends it.
type BusDebug struct {
	interest *bus.Interest
	vehicle  string
	clock    func() int64
	log      *slog.Logger
	subjects map[string]string // by name; the fuse goroutine's
	queue    chan *fusionv1.BevMap
	done     chan struct{}
	dropped  atomic.Uint64
}

var _ Debug = (*BusDebug)(nil)

// NewBusDebug starts the goroutine. clock gives nanoseconds.
func NewBusDebug(b *bus.Bus, vehicle string, clock func() int64, log *slog.Logger) (*BusDebug, error) {
	interest, err := b.NewInterest()
	if err != nil {
		return nil, err
	}
	d := &BusDebug{
		interest: interest, vehicle: vehicle, clock: clock, log: log, subjects: map[string]string{},
		queue: make(chan *fusionv1.BevMap, debugQueue), done: make(chan struct{}),
	}
	go d.loop()
	return d, nil
}

// Wanted implements Debug.
func (d *BusDebug) Wanted(name string) bool {
	subject, ok := d.subjects[name]
	if !ok {
		subject = bus.DebugSubject(d.vehicle, name).String()
		d.subjects[name] = subject
	}
	return d.interest.Wanted(subject, d.clock())
}

// Put implements Debug.
func (d *BusDebug) Put(m *fusionv1.BevMap) {
	select {
	case d.queue <- m:
	default:
		if d.dropped.Add(1) == 1 {
			d.log.Warn("debug maps are made faster than they can be sent: further ones are dropped and counted", "map", m.Name)
		}
	}
}

func (d *BusDebug) loop() {
	defer close(d.done)
	var buf []byte
	schema := string((*fusionv1.BevMap)(nil).ProtoReflect().Descriptor().FullName())
	for m := range d.queue {
		var err error
		if buf, err = (proto.MarshalOptions{}).MarshalAppend(buf[:0], m); err == nil {
			err = d.interest.Publish(bus.DebugSubject(d.vehicle, m.Name).String(), schema, buf)
		}
		if err != nil && !errors.Is(err, bus.ErrDisconnected) { // the bus has logged that it lost the server
			d.log.Error("debug map not published", "map", m.Name, "error", err)
		}
	}
}

// Close sends what waits and ends the goroutine. The Engine must be closed before.
func (d *BusDebug) Close() error {
	close(d.queue)
	<-d.done
	if n := d.dropped.Load(); n > 0 {
		d.log.Warn("debug maps dropped", "count", n)
	}
	return d.interest.Close()
}
