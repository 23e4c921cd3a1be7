package bus

import (
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

const (
	// interestProbe is the time between two questions whether a subject is heard.
	interestProbe = time.Second
	// interestSettle is how long an answer may be on its way. Until then what was known before holds.
	interestSettle = 50 * time.Millisecond
	// maxInterestSubjects bounds the table.
	maxInterestSubjects = 256
)

// Interest publishes messages that are made only while somebody listens. Once a second and subject one message goes out with a reply
// subject: where nobody subscribes to it, the server answers at once that there are no responders (status 503, on every server
// since 2.2, embedded or not, and across clusters). No answer means that it was heard.
//
// Ask Wanted before making a message, then Publish it. Both may be called from different goroutines. Answers come on a goroutine of the NATS
// client; Close ends it. Messages leave on the bulk connection: a slow listener, for which a server holds its publisher up, delays no object list.
//
// Credentials must allow to subscribe to _INBOX.>, where the answers come. Without it every subject counts as heard.
type Interest struct {
	pub   *Publisher
	sub   *Subscription
	inbox string // answers come on inbox.<index of the subject>

	mu       sync.Mutex
	subjects map[string]*listened
	order    []*listened
}

// listened is what is known of one subject.
type listened struct {
	reply   string
	askedNs int64 // when the latest probe was granted
	state   probeState
	before  bool // whether it was heard before the latest probe
}

type probeState uint8

const (
	neverProbed  probeState = iota
	probeGranted            // the caller makes the message that will ask
	probeSent               // asked, no answer
	probeRefused            // nobody listens
)

// NewInterest opens the inbox. Close must follow; Bus.Close does it as well.
func (b *Bus) NewInterest() (*Interest, error) {
	in := &Interest{
		pub:   newPublisher(b.in.nc, b.pub.boot, int64(b.cfg.MaxPayload)),
		inbox: nats.NewInbox(), subjects: make(map[string]*listened),
	}
	var err error
	in.sub, err = b.subscribe(b.in, in.inbox+".*", subscribePendingMessages, subscribePendingBytes, in.answer)
	if err != nil {
		return nil, fmt.Errorf("listen for interest: %w", err)
	}
	return in, nil
}

// Wanted tells whether a message of the subject should be made and published now: because somebody listens, or because it is time to
// ask. nowNs is any clock in nanoseconds, always the same one. False for an invalid subject. It never waits for the network.
func (in *Interest) Wanted(subject string, nowNs int64) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	s, ok := in.subjects[subject]
	if !ok {
		if len(in.subjects) >= maxInterestSubjects {
			return false
		}
		if _, err := ParseSubject(subject); err == nil {
			s = &listened{reply: in.inbox + "." + strconv.Itoa(len(in.order))}
			in.order = append(in.order, s)
		}
		in.subjects[subject] = s
	}
	if s == nil {
		return false
	}
	age := time.Duration(nowNs - s.askedNs)
	if s.state == neverProbed || age >= interestProbe || age < 0 { // below 0: the clock was set back
		s.before = s.heard(age)
		s.askedNs, s.state = nowNs, probeGranted
		return true
	}
	return s.heard(age)
}

// heard judges what is known at an age of the latest probe.
func (s *listened) heard(age time.Duration) bool {
	switch {
	case s.state == probeRefused:
		return false
	case s.state == probeSent && age >= interestSettle:
		return true
	default:
		return s.before
	}
}

// Publish sends a message that was wanted, like Publisher.Publish, and asks along with it if it is time to. A message that is lost counts as
// unheard until the next second.
func (in *Interest) Publish(subject, schema string, payload []byte) error {
	in.mu.Lock()
	s, reply := in.subjects[subject], ""
	if s != nil && s.state == probeGranted {
		reply, s.state = s.reply, probeSent // before it is sent: the answer may be quick
	}
	in.mu.Unlock()
	err := in.pub.publish(subject, reply, schema, payload)
	if err != nil && s != nil {
		in.mu.Lock()
		s.state = probeRefused
		in.mu.Unlock()
	}
	return err
}

// answer takes what comes into the inbox. Only the server's word that nobody listens counts: a stream that stores the subject
// acknowledges each probe, and whoever likes to reply may.
func (in *Interest) answer(m *nats.Msg) {
	if len(m.Data) > 0 || m.Header.Get("Status") != "503" {
		return
	}
	i, err := strconv.Atoi(m.Subject[len(in.inbox)+1:]) // the inbox's subscription has one more token
	in.mu.Lock()
	defer in.mu.Unlock()
	if err == nil && i >= 0 && i < len(in.order) && in.order[i].state == probeSent {
		in.order[i].state = probeRefused
	}
}

// Stats counts what Publish did.
func (in *Interest) Stats() PublisherStats { return in.pub.Stats() }

// Close ends the inbox and waits for its callback. Publish still works afterwards; what it asks is not answered.
func (in *Interest) Close() error {
	return in.sub.Close()
}
