package bus

import (
	"fmt"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"
)

// A picture is one stream: in is what arrives, want what the checker says, one word under the other.
//
// in: a boot letter and a number (a1, b2), followed by any of
//
//	!  payload damaged        ~  another schema         #  a header that cannot be read
//	-  no checksum header     =  no boot header
//
// or ? for a message without headers, and a3..a7 for a run, whose verdicts must all be the one given.
//
// want: ok, a reason, +n for ok after a gap of n, new for ok after the publisher began again.
var checkerPictures = []struct{ name, in, want string }{
	{"in order", "a1 a2 a3", "ok ok ok"},
	{"joined late: what came before is no gap", "a5 a6", "ok ok"},
	{"gap is counted and passes", "a1 a2 a4 a8", "ok ok +1 +3"},
	{"twice", "a1 a2 a2 a3", "ok ok duplicate ok"},
	{"twice, later", "a1 a2 a3 a1 a4", "ok ok ok duplicate ok"},
	{"out of order", "a1 a3 a2 a4", "ok +1 reorder ok"},
	{"out of order and twice", "a1 a3 a2 a2 a4", "ok +1 reorder duplicate ok"},
	{"before the first that we saw", "a5 a4 a6", "ok reorder ok"},
	{"new boot begins again", "a1 a2 b1 b2", "ok ok new ok"},
	{"new boot with the same number", "a7 b7", "ok new"},
	{"new boot, then a repeat", "a1 b1 b1", "ok new duplicate"},
	{"two publishers on one subject", "a1 b1 a2 b2", "ok new new new"},
	{"damaged, and no gap for it", "a1 a2! a3", "ok crc ok"},
	{"damaged, then sent again whole", "a1 a2! a2 a3", "ok crc duplicate ok"},
	{"damaged with a gap before it", "a1 a4! a5", "ok crc +3"},
	{"damaged at the start", "a3! a4", "crc ok"},
	{"damaged number cannot deafen", "a1 a9999999! a2 a3", "ok crc ok ok"},
	{"damaged new boot does not reset", "a1 b1! a2", "ok crc ok"},
	{"damaged duplicate is a checksum fault", "a1 a1! a2", "ok crc ok"},
	{"unreadable header", "a1 a2# a3", "ok header ok"},
	{"unreadable comes before damaged", "a1 a2!# a3", "ok header ok"},
	{"wrong type, and no gap for it", "a1 a2~ a3", "ok schema ok"},
	{"wrong type twice is a duplicate", "a1 a2~ a2~", "ok schema duplicate"},
	{"wrong type and damaged", "a1~!", "crc"},
	{"no headers at all", "? ? ?", "ok ok ok"},
	{"no headers between numbered ones", "a1 ? a2", "ok ok ok"},
	{"no checksum passes damage", "a1- a2-! a2-", "ok ok duplicate"},
	{"no boot id", "a1= a2= a2= a4=", "ok ok duplicate +1"},
	{"edge of the window: oldest remembered", "a1 a2..a64 a1", "ok ok duplicate"},
	{"edge of the window: just forgotten", "a1 a2..a65 a1", "ok ok reorder"},
	{"a jump clears the window", "a1 a200 a137 a200", "ok +198 reorder duplicate"},
	{"began again without a new boot id", "a100 a1 a2 a3 a4 a5", "ok reorder reorder reorder new ok"},
	{"old messages that are not a run", "a100 a1 a3 a5 a7 a9 a101", "ok reorder reorder reorder reorder reorder ok"},
	{"a run is cut by a good one", "a100 a1 a2 a3 a101 a4 a5 a102", "ok reorder reorder reorder ok reorder reorder ok"},
	{"mad number, then on as before", "a7 a9000000 a8 a9 a10 a11 a12", "ok +8999992 reorder reorder reorder new ok"},
	{"began again within the window", "a3 a1 a2 a3 a4", "ok reorder reorder duplicate ok"},
}

func TestCheckerPictures(t *testing.T) {
	for _, tc := range checkerPictures {
		t.Run(tc.name, func(t *testing.T) {
			c := NewChecker("right")
			want := strings.Fields(tc.want)
			in := strings.Fields(tc.in)
			if len(in) != len(want) {
				t.Fatalf("picture is crooked: %d arrivals, %d verdicts", len(in), len(want))
			}
			for i, word := range in {
				for _, one := range expand(t, word) {
					h, payload := drawMessage(t, one)
					if got := verdictWord(c.Check(h, payload)); got != want[i] {
						t.Errorf("in %q, at %q: got %s, want %s", tc.in, one, got, want[i])
					}
				}
			}
		})
	}
}

func expand(t *testing.T, word string) []string {
	from, to, ok := strings.Cut(word, "..")
	if !ok {
		return []string{word}
	}
	var a, b int
	if _, err := fmt.Sscanf(from[1:]+" "+to[1:], "%d %d", &a, &b); err != nil {
		t.Fatalf("run %q: %v", word, err)
	}
	var out []string
	for n := a; n <= b; n++ {
		out = append(out, fmt.Sprintf("%c%d", word[0], n))
	}
	return out
}

func drawMessage(t *testing.T, word string) (Header, []byte) {
	payload := []byte("payload of " + word)
	if word == "?" {
		return Header{}, payload
	}
	number := strings.TrimRightFunc(word[1:], func(r rune) bool { return !unicode.IsDigit(r) })
	h := map[string][]string{
		HeaderSchema: {"right"}, HeaderBoot: {word[:1]}, HeaderSeq: {number}, HeaderCRC: {formatCRC(Checksum(payload))},
	}
	for _, mark := range word[1+len(number):] {
		switch mark {
		case '!':
			payload[0] ^= 1
		case '~':
			h[HeaderSchema] = []string{"wrong"}
		case '#':
			h[HeaderSchema] = []string{"not readable"}
		case '-':
			delete(h, HeaderCRC)
		case '=':
			delete(h, HeaderBoot)
		default:
			t.Fatalf("picture: unknown mark %q in %q", mark, word)
		}
	}
	return ParseHeader(h), payload
}

func verdictWord(v Verdict) string {
	switch {
	case v.Reason != Accepted:
		return v.Reason.String()
	case v.Restarted:
		return "new"
	case v.Gap > 0:
		return fmt.Sprintf("+%d", v.Gap)
	}
	return "ok"
}

func TestCheckerMissing(t *testing.T) {
	payload := []byte("x")
	all := Header{Schema: "right", Boot: "a", Seq: 1, CRC: Checksum(payload), Has: AllFields}
	for _, tc := range []struct {
		name string
		has  Field
		bad  Field
		want Field
	}{
		{"all there", AllFields, 0, 0},
		{"none", 0, 0, AllFields},
		{"no checksum", AllFields &^ FieldCRC, 0, FieldCRC},
		{"unreadable is not missing", AllFields &^ FieldSeq, FieldSeq, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := all
			h.Has, h.Bad = tc.has, tc.bad
			if got := NewChecker("right").Check(h, payload); got.Missing != tc.want {
				t.Errorf("got %04b, want %04b", got.Missing, tc.want)
			}
		})
	}
	if got := NewChecker("").Check(Header{Schema: "any", Has: FieldSchema}, payload).Reason; got != Accepted {
		t.Errorf("checker without a schema: got %v, want accepted", got)
	}
}

// For one boot and any arrivals that stay within the window, each number is accepted at most once, accepted numbers rise,
// and what is between them was counted as a gap.
func TestCheckerProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seqs := rapid.SliceOfN(rapid.Uint64Range(1, reorderWindow), 1, 200).Draw(t, "seqs")
		c := NewChecker("")
		accepted := map[uint64]bool{}
		seen := map[uint64]bool{}
		var last, first, gaps uint64
		for _, n := range seqs {
			v := c.Check(Header{Boot: "a", Seq: n, Has: FieldBoot | FieldSeq}, nil)
			switch v.Reason {
			case Accepted:
				if accepted[n] || n <= last {
					t.Fatalf("%v: %d accepted after %d", seqs, n, last)
				}
				if first == 0 {
					first = n
				}
				accepted[n], last = true, n
				gaps += v.Gap
			case ReasonDuplicate:
				if !seen[n] {
					t.Fatalf("%v: %d is called a duplicate", seqs, n)
				}
			case ReasonReorder:
				if seen[n] || n > last {
					t.Fatalf("%v: %d is called a reorder", seqs, n)
				}
			default:
				t.Fatalf("%v: %d gave %v", seqs, n, v.Reason)
			}
			seen[n] = true
		}
		if want := last - first + 1 - uint64(len(accepted)); gaps != want {
			t.Fatalf("%v: gaps %d, want %d", seqs, gaps, want)
		}
	})
}

func TestCheckerDoesNotAllocate(t *testing.T) {
	c := NewChecker("right")
	h := Header{Schema: "right", Boot: "a", Has: FieldSchema | FieldBoot | FieldSeq | FieldCRC}
	payload := make([]byte, 4096)
	h.CRC = Checksum(payload)
	if got := testing.AllocsPerRun(100, func() { h.Seq++; c.Check(h, payload) }); got != 0 {
		t.Errorf("got %v allocations a message, want 0", got)
	}
}

func TestReasonNames(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range Reasons() {
		text, err := r.MarshalText()
		if err != nil || string(text) != r.String() || seen[r.String()] || r.String() == "" {
			t.Errorf("reason %d: got %q, %q, %v", r, text, r, err)
		}
		seen[r.String()] = true
	}
	if got := numReasons.String(); got != "reason(9)" {
		t.Errorf("got %q, want reason(9)", got)
	}
}
