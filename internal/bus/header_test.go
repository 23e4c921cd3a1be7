package bus

import (
	"strings"
	"testing"
)

func headers(kv ...string) map[string][]string {
	h := make(map[string][]string)
	for i := 0; i+1 < len(kv); i += 2 {
		h[kv[i]] = append(h[kv[i]], kv[i+1])
	}
	return h
}

func TestParseHeader(t *testing.T) {
	full := Header{Schema: "fusion.v1.EgoMotion", Boot: "b1", Seq: 7, CRC: 0xe3069283, Has: AllFields}
	for _, tc := range []struct {
		name string
		in   map[string][]string
		want Header
	}{
		{"nil", nil, Header{}},
		{"none of ours", headers("Nats-Msg-Id", "1"), Header{}},
		{"all", headers(HeaderSchema, full.Schema, HeaderBoot, "b1", HeaderSeq, "7", HeaderCRC, "e3069283"), full},
		{"upper case digits", headers(HeaderCRC, "E3069283"), Header{CRC: 0xe3069283, Has: FieldCRC}},
		{"names are case-sensitive", headers("fusion-seq", "7"), Header{}},
		{"first value counts", headers(HeaderSeq, "7", HeaderSeq, "9"), Header{Seq: 7, Has: FieldSeq}},
		{"no values", map[string][]string{HeaderSeq: {}}, Header{}},
		{"seq zero", headers(HeaderSeq, "0"), Header{Bad: FieldSeq}},
		{"seq negative", headers(HeaderSeq, "-1"), Header{Bad: FieldSeq}},
		{"seq plus", headers(HeaderSeq, "+1"), Header{Bad: FieldSeq}},
		{"seq hex", headers(HeaderSeq, "0x1"), Header{Bad: FieldSeq}},
		{"seq largest", headers(HeaderSeq, "18446744073709551614"), Header{Seq: 1<<64 - 2, Has: FieldSeq}},
		{"seq too large to count on", headers(HeaderSeq, "18446744073709551615"), Header{Bad: FieldSeq}},
		{"seq out of range", headers(HeaderSeq, "18446744073709551616"), Header{Bad: FieldSeq}},
		{"seq empty", headers(HeaderSeq, ""), Header{Bad: FieldSeq}},
		{"crc short", headers(HeaderCRC, "e306928"), Header{Bad: FieldCRC}},
		{"crc long", headers(HeaderCRC, "0e3069283"), Header{Bad: FieldCRC}},
		{"crc prefix", headers(HeaderCRC, "0xe30692"), Header{Bad: FieldCRC}},
		{"boot with blank", headers(HeaderBoot, "a b"), Header{Bad: FieldBoot}},
		{"boot longest", headers(HeaderBoot, strings.Repeat("b", 64)), Header{Boot: strings.Repeat("b", 64), Has: FieldBoot}},
		{"boot too long", headers(HeaderBoot, strings.Repeat("b", 65)), Header{Bad: FieldBoot}},
		{"schema empty", headers(HeaderSchema, ""), Header{Bad: FieldSchema}},
		{"schema not ascii", headers(HeaderSchema, "fusion.v1.Größe"), Header{Bad: FieldSchema}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := ParseHeader(tc.in); got != tc.want {
				t.Errorf("ParseHeader(%v): got %+v, want %+v", tc.in, got, tc.want)
			}
		})
	}
}

// The check value of CRC-32C: RFC 3720 appendix B.4 and the usual "123456789".
func TestChecksum(t *testing.T) {
	for _, tc := range []struct {
		name, in, want string
	}{
		{"empty", "", "00000000"},
		{"digits", "123456789", "e3069283"},
		{"32 zero bytes", strings.Repeat("\x00", 32), "8a9136aa"},
		{"32 bytes of 0xff", strings.Repeat("\xff", 32), "62a8ab43"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := formatCRC(Checksum([]byte(tc.in)))
			if got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
			if n, ok := parseCRC(got); !ok || n != Checksum([]byte(tc.in)) {
				t.Errorf("parseCRC(%s): got %08x, %v", got, n, ok)
			}
		})
	}
}

func FuzzParseHeader(f *testing.F) {
	f.Add("fusion.v1.EgoMotion", "b1", "7", "e3069283", []byte("123456789"))
	f.Add("", "", "0", "xyz", []byte{})
	f.Add("a b", strings.Repeat("b", 100), "18446744073709551615", "00000000", []byte{})
	f.Fuzz(func(t *testing.T, schema, boot, seq, crc string, payload []byte) {
		h := ParseHeader(headers(HeaderSchema, schema, HeaderBoot, boot, HeaderSeq, seq, HeaderCRC, crc))
		if h.Has&h.Bad != 0 || h.Has|h.Bad != AllFields {
			t.Fatalf("fields has %b, bad %b", h.Has, h.Bad)
		}
		if h.Has&FieldSeq != 0 && (h.Seq == 0 || h.Seq+1 == 0) {
			t.Fatalf("seq %d accepted from %q", h.Seq, seq)
		}
		c := NewChecker("")
		v := c.Check(h, payload)
		good := h.Bad == 0 && h.CRC == Checksum(payload)
		if (v.Reason == Accepted) != good {
			t.Fatalf("verdict %v for %+v, readable with the right checksum: %v", v.Reason, h, good)
		}
		if good {
			if again := c.Check(h, payload); again.Reason != ReasonDuplicate {
				t.Fatalf("second verdict %v, want duplicate", again.Reason)
			}
		}
	})
}
