package bus

import (
	"hash/crc32"
	"math"
	"strconv"
)

// The integrity headers. Names are case-sensitive in NATS.
const (
	// HeaderSchema is the full name of the protobuf message, for example "fusion.v1.CameraFrame".
	HeaderSchema = "Fusion-Schema"
	// HeaderBoot is the publisher's boot id: new whenever its sequence numbers begin again.
	HeaderBoot = "Fusion-Boot"
	// HeaderSeq numbers the messages of one subject and boot from 1, in decimal.
	HeaderSeq = "Fusion-Seq"
	// HeaderCRC is the CRC-32C (Castagnoli) of the payload as 8 lowercase hexadecimal digits.
	HeaderCRC = "Fusion-Crc"
)

// Field is a set of integrity headers.
type Field uint8

// The fields of a Header.
const (
	FieldSchema Field = 1 << iota
	FieldBoot
	FieldSeq
	FieldCRC
	// AllFields is what a Publisher stamps.
	AllFields = FieldSchema | FieldBoot | FieldSeq | FieldCRC
)

// Header is the integrity headers of one message, parsed.
type Header struct {
	Schema string
	Boot   string
	Seq    uint64
	CRC    uint32
	// Has holds the fields that were there and could be read; Bad those that were there and could not.
	Has, Bad Field
}

const (
	maxSchemaName = 256
	maxBootID     = 64
)

// ParseHeader reads the integrity headers out of a message's headers (a nats.Header); nil is a message without any. It
// never fails: an unreadable value sets its bit in Bad. Of a repeated header the first value counts. The strings are
// views into h.
func ParseHeader(h map[string][]string) Header {
	var out Header
	if len(h) == 0 {
		return out
	}
	if v, ok := first(h, HeaderSchema); ok {
		out.Schema = v
		out.mark(FieldSchema, printable(v, maxSchemaName))
	}
	if v, ok := first(h, HeaderBoot); ok {
		out.Boot = v
		out.mark(FieldBoot, printable(v, maxBootID))
	}
	if v, ok := first(h, HeaderSeq); ok {
		n, err := strconv.ParseUint(v, 10, 64)
		good := err == nil && n > 0 && n < math.MaxUint64
		if good {
			out.Seq = n
		}
		out.mark(FieldSeq, good)
	}
	if v, ok := first(h, HeaderCRC); ok {
		n, good := parseCRC(v)
		out.CRC = n
		out.mark(FieldCRC, good)
	}
	if out.Bad&FieldSchema != 0 {
		out.Schema = ""
	}
	if out.Bad&FieldBoot != 0 {
		out.Boot = ""
	}
	return out
}

func (h *Header) mark(f Field, good bool) {
	if good {
		h.Has |= f
	} else {
		h.Bad |= f
	}
}

func first(h map[string][]string, key string) (string, bool) {
	v, ok := h[key]
	if !ok || len(v) == 0 {
		return "", false
	}
	return v[0], true
}

// printable reports whether s is 1 to limit ASCII characters without blanks.
func printable(s string, limit int) bool {
	if s == "" || len(s) > limit {
		return false
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// parseCRC reads exactly 8 hexadecimal digits of either case.
func parseCRC(s string) (uint32, bool) {
	if len(s) != 8 {
		return 0, false
	}
	var n uint32
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		n = n<<4 | uint32(c)
	}
	return n, true
}

// formatCRC returns 8 lowercase hexadecimal digits.
func formatCRC(n uint32) string {
	const digits = "0123456789abcdef"
	var b [8]byte
	for i := len(b) - 1; i >= 0; i-- {
		b[i] = digits[n&0xf]
		n >>= 4
	}
	return string(b[:])
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Checksum returns the CRC-32C of a payload, as in HeaderCRC.
func Checksum(payload []byte) uint32 { return crc32.Checksum(payload, castagnoli) }
