package pipeline

import (
	"bytes"
	"context"
	"path/filepath"
	"runtime"
	"testing"

	"go.uber.org/goleak"

	"github.com/fusiond/fusiond/encoders"
	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/replay"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// runMade sends the made drive through an Engine into a recording and returns its bytes, the lists and the final account.
func runMade(t *testing.T, messages []Message) (file []byte, lists []*fusionv1.ObjectList, streams []*fusionv1.StreamHealth) {
	t.Helper()
	opt := testOptions(t)
	var b bytes.Buffer
	w, err := replay.NewWriter(&b, replay.WriterOptions{Rig: opt.Rig})
	if err != nil {
		t.Fatal(err)
	}
	sink := NewFileSink(w, "made")
	opt.Sink = func(o Output) {
		if l, ok := o.Message.(*fusionv1.ObjectList); ok {
			lists = append(lists, l)
		}
		sink.Put(o)
	}
	e, err := New(opt)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range messages {
		e.Message(m)
	}
	e.Flush()
	streams = e.Streams()
	for _, err := range []error{e.Close(), sink.Err(), w.Close()} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes(), lists, streams
}

func TestSameBytes(t *testing.T) {
	messages := madeMessages(t)
	want, lists, _ := runMade(t, messages)
	if len(lists) < 9 {
		t.Fatalf("%d sets of ten sweeps", len(lists))
	}
	again, _, _ := runMade(t, messages)
	before := runtime.GOMAXPROCS(1)
	one, _, _ := runMade(t, messages)
	runtime.GOMAXPROCS(before)
	if !bytes.Equal(want, again) {
		t.Error("a second run of the same messages gave other bytes")
	}
	if !bytes.Equal(want, one) {
		t.Error("a run on one core gave other bytes")
	}
}

// TestBadSamplesAreNamed: a truncated picture is absent as undecodable, a malformed sweep is a counted drop that a set of the
// virtual clock stands in for, perception goes on, and every stream's account adds up.
func TestBadSamplesAreNamed(t *testing.T) {
	_, lists, streams := runMade(t, madeMessages(t))
	decode, virtual := 0, 0
	for _, l := range lists {
		if l.Manifest.Kind == fusionv1.SetKind_SET_KIND_VIRTUAL {
			virtual++
		}
		for _, m := range l.Manifest.Members {
			if m.Absence == fusionv1.AbsenceReason_ABSENCE_REASON_DECODE {
				decode++
			}
		}
	}
	if decode != 1 || virtual != 1 {
		t.Errorf("%d members absent as undecodable and %d virtual sets, want 1 and 1", decode, virtual)
	}
	drops := map[string]uint64{}
	for _, s := range streams {
		sum := s.Used + s.Pending
		for _, d := range s.Dropped {
			sum += d.Count
			drops[s.Stream+" "+d.Reason] += d.Count
		}
		if sum != s.Received {
			t.Errorf("stream %s: received %d, used + dropped + pending %d", s.Stream, s.Received, sum)
		}
	}
	if drops["TOP malformed"] != 1 || drops["FRONT decode"] != 1 {
		t.Errorf("drops %v, want one malformed sweep and one undecodable picture", drops)
	}
}

// TestMasking holds that tokens of absent modalities change no bit of the fused output, for every subset and both fusers, and
// that ONNX Runtime agrees with the golden tensors.
func TestMasking(t *testing.T) {
	opt := testOptions(t)
	v, err := encoders.Verify(context.Background(), opt.Runtime, opt.Package, opt.Network)
	if err != nil {
		t.Fatal(err)
	}
	if len(v.Comparisons) < 200 {
		t.Fatalf("only %d comparisons in %s", len(v.Comparisons), filepath.Base(opt.Package.Dir))
	}
	for _, c := range v.Comparisons {
		if !c.OK {
			t.Errorf("%s, %s, output %s: difference %g", c.Network, c.Case, c.Output, c.Difference)
		}
	}
}
