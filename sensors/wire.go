package sensors

import (
	"errors"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

// Field numbers that the messages share.
const (
	fieldHeader      = 1
	fieldHeaderStamp = 1
	fieldData        = 15
)

// maxSmallBytes bounds what a message holds besides its data: a header, a field list, a pose, 4096 radar detections.
const maxSmallBytes = 512 << 10

// Errors of PeekStamp.
var (
	ErrNoStamp   = errors.New("peek stamp: no header.stamp: set it to the time of validity in ns since the Unix epoch")
	ErrMalformed = errors.New("peek stamp: not a fusion.v1 message: check the publisher's schema")
)

// PeekStamp reads header.stamp of any fusion.v1 input message and nothing else, for alignment that must not wait for
// decoding. It allocates nothing. The error is ErrNoStamp or ErrMalformed; a stamp that it accepts is the one that Parse
// finds if Parse accepts the message.
func PeekStamp(b []byte) (StampNs, error) {
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return 0, ErrMalformed
		}
		b = b[n:]
		if num == fieldHeader {
			if typ != protowire.BytesType {
				return 0, ErrMalformed
			}
			header, n := protowire.ConsumeBytes(b)
			if n < 0 {
				return 0, ErrMalformed
			}
			return headerStamp(header)
		}
		if n = protowire.ConsumeFieldValue(num, typ, b); n < 0 {
			return 0, ErrMalformed
		}
		b = b[n:]
	}
	return 0, ErrNoStamp
}

func headerStamp(b []byte) (StampNs, error) {
	var stamp StampNs
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return 0, ErrMalformed
		}
		b = b[n:]
		if num == fieldHeaderStamp && typ == protowire.VarintType {
			v, _ := protowire.ConsumeVarint(b)
			stamp = StampNs(v) //nolint:gosec // int64 on the wire
		}
		if n = protowire.ConsumeFieldValue(num, typ, b); n < 0 {
			return 0, ErrMalformed
		}
		b = b[n:]
	}
	if stamp == 0 {
		return 0, ErrNoStamp
	}
	return stamp, nil
}

// bound limits one repeated field of a message.
type bound struct {
	field protowire.Number
	name  string
	most  int
}

// decode unmarshals b into m without copying field 15 (only where hasData): data is a view into b. Everything is bounded
// before anything is allocated.
func decode(b []byte, m proto.Message, hasData bool, bounds ...bound) (data []byte, fail *ParseError) {
	const cure = "check the publisher's schema and library"
	// The parts of b before and after the data field; without one all is before.
	before, after := len(b), len(b)
	headers, haveData := 0, false
	var counts [2]int
	for at := 0; at < len(b); {
		num, typ, n := protowire.ConsumeTag(b[at:])
		if n < 0 {
			return nil, malformed("", protowire.ParseError(n))
		}
		size := protowire.ConsumeFieldValue(num, typ, b[at+n:])
		if size < 0 {
			return nil, malformed("", protowire.ParseError(size))
		}
		switch {
		case num == fieldHeader:
			if headers++; headers > 1 {
				return nil, failure(ReasonMalformed, "header", cure, "present twice")
			}
		case hasData && num == fieldData:
			if haveData || typ != protowire.BytesType {
				return nil, failure(ReasonMalformed, "data", cure, "present twice or not bytes")
			}
			data, _ = protowire.ConsumeBytes(b[at+n:])
			before, after, haveData = at, at+n+size, true
		default:
			for i, limit := range bounds {
				if num != limit.field {
					continue
				}
				if counts[i]++; counts[i] > limit.most {
					return nil, failure(ReasonOversize, limit.name, "publish fewer in a message", "more than %d", limit.most)
				}
			}
		}
		at += n + size
	}
	if small := before + len(b) - after; small > maxSmallBytes {
		return nil, failure(ReasonOversize, "", cure, "%d bytes besides the data, at most %d are read", small, maxSmallBytes)
	}
	// A message cut between two fields and merged is the same message.
	merge := proto.UnmarshalOptions{Merge: true, DiscardUnknown: true}
	if err := merge.Unmarshal(b[:before], m); err != nil {
		return nil, malformed("", err)
	}
	if err := merge.Unmarshal(b[after:], m); err != nil {
		return nil, malformed("", err)
	}
	return data, nil
}

func malformed(field string, err error) *ParseError {
	f := failure(ReasonMalformed, field, "check the publisher's schema and library", "not the message that its subject promises")
	f.Err = err
	return f
}
