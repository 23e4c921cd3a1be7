package main

import (
	"errors"
	"fmt"
	"hash/crc32"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"

	"github.com/fusiond/fusiond/sensors"
)

// vehicle is the made vehicle, alive: it publishes over a plain NATS connection, stamped by the clock, in real time. Its one
// goroutine is stopped by stop.
type vehicle struct {
	t    *testing.T
	nc   *nats.Conn
	plan schedule
	p    payloads
	quit chan struct{}
	done chan struct{}
	gone chan struct{} // closed when the connection is

	mu   sync.Mutex
	seq  map[string]uint64
	sent map[sensors.SensorID]uint64 // messages that went out, bad ones included
	lost map[sensors.SensorID]uint64 // numbered, but the server was away
	next map[sensors.SensorID]change
	last map[sensors.SensorID]int64 // newest stamp
	fail error
}

// change is what a test does to the next message of a stream.
type change struct {
	content func(proto.Message)           // before it is serialised
	payload func([]byte) []byte           // before its checksum is taken
	wire    func(m *nats.Msg) []*nats.Msg // what goes out instead
	plain   bool                          // as a publisher sends that knows no headers
	sent    chan struct{}                 // closed when it is out
}

// startVehicle begins to drive. It drives until stop.
func startVehicle(t *testing.T, url string, periodNs int64) *vehicle {
	t.Helper()
	v := &vehicle{
		t: t, nc: plainClient(t, url), plan: madeSchedule(periodNs), p: madePayloads(t), quit: make(chan struct{}), done: make(chan struct{}),
		gone: make(chan struct{}), seq: map[string]uint64{}, sent: map[sensors.SensorID]uint64{}, lost: map[sensors.SensorID]uint64{},
		next: map[sensors.SensorID]change{}, last: map[sensors.SensorID]int64{},
	}
	v.nc.SetClosedHandler(func(*nats.Conn) { close(v.gone) })
	go v.drive()
	t.Cleanup(func() {
		v.stop()
		v.nc.Close()
		<-v.gone
	})
	return v
}

// drive sends what is due at each tick; stamps are the due times, so that a late goroutine shows as latency and not as jitter.
func (v *vehicle) drive() {
	defer close(v.done)
	begin := time.Now()
	for since := int64(0); ; since += tickNs {
		due := begin.Add(time.Duration(since))
		select {
		case <-v.quit:
			return
		case <-time.After(time.Until(due)):
		}
		for _, id := range v.plan.due(since) {
			if err := v.send(id, due.UnixNano()); err != nil {
				v.mu.Lock()
				v.fail = errors.Join(v.fail, err)
				v.mu.Unlock()
				return
			}
		}
	}
}

func (v *vehicle) send(id sensors.SensorID, stamp int64) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	c := v.next[id]
	delete(v.next, id)
	topic, m := v.p.message(id, stamp)
	if c.content != nil {
		c.content(m)
	}
	data, err := proto.Marshal(m)
	if err != nil {
		return err
	}
	if c.payload != nil {
		data = c.payload(data)
	}
	out := []*nats.Msg{{Subject: topic, Data: data}}
	if !c.plain {
		v.seq[topic]++
		out[0].Header = nats.Header{
			"Fusion-Schema": {string(m.ProtoReflect().Descriptor().FullName())}, "Fusion-Boot": {"made-vehicle"},
			"Fusion-Seq": {strconv.FormatUint(v.seq[topic], 10)},
			"Fusion-Crc": {fmt.Sprintf("%08x", crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli)))},
		}
	}
	if c.wire != nil {
		out = c.wire(out[0])
	}
	for _, msg := range out {
		switch err := v.nc.PublishMsg(msg); {
		case err == nil:
			v.sent[id]++
		case errors.Is(err, nats.ErrReconnectBufExceeded) || errors.Is(err, nats.ErrDisconnected):
			v.lost[id]++
		default:
			return fmt.Errorf("publish %s: %w", topic, err)
		}
	}
	v.last[id] = stamp
	if c.sent != nil {
		close(c.sent)
	}
	return nil
}

// inject changes the next message of a stream, and returns when it is out.
func (v *vehicle) inject(id sensors.SensorID, c change) {
	v.t.Helper()
	c.sent = make(chan struct{})
	v.mu.Lock()
	v.next[id] = c
	v.mu.Unlock()
	select {
	case <-c.sent:
	case <-v.done:
		v.t.Fatalf("the vehicle stopped: %v", v.fail)
	case <-time.After(testLimit):
		v.t.Fatalf("no message of %s went out", id)
	}
}

// after waits until the next message of a stream is out.
func (v *vehicle) after(id sensors.SensorID) { v.inject(id, change{}) }

// stop ends the drive and waits until the server has everything. Calling it again does nothing.
func (v *vehicle) stop() {
	select {
	case <-v.quit:
		return
	default:
	}
	close(v.quit)
	<-v.done
	if v.fail != nil {
		v.t.Errorf("the vehicle: %v", v.fail)
	}
	if v.nc.IsConnected() {
		if err := v.nc.FlushTimeout(testLimit); err != nil {
			v.t.Errorf("the vehicle's last messages: %v", err)
		}
	}
}

// count returns how many messages of a stream went out.
func (v *vehicle) count(id sensors.SensorID) uint64 {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.sent[id]
}

// numbered returns how many messages of a sensor got a number, sent or lost.
func (v *vehicle) numbered(id sensors.SensorID) uint64 {
	topic, _ := v.p.message(id, 0)
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.seq[topic]
}
