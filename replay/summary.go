package replay

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"

	"github.com/foxglove/mcap/go/mcap"
)

func (c *container) checkMagic() error {
	head, err := c.readAt(0, min(int64(len(mcap.Magic)), c.size), nil)
	if err != nil {
		return c.damage(0, "opening magic", err)
	}
	if !bytes.Equal(head, mcap.Magic) {
		return c.damage(0, "opening magic", errNotMCAP)
	}
	return nil
}

// readSummary reads footer and summary and checks that every place in them lies inside the file.
func (r *Reader) readSummary() error {
	c := r.c
	at := c.size - tailBytes
	tail, err := c.readAt(at, tailBytes, nil)
	if err != nil {
		return c.damage(c.size, "footer", errTruncated)
	}
	if !bytes.Equal(tail[tailBytes-len(mcap.Magic):], mcap.Magic) || mcap.OpCode(tail[0]) != mcap.OpFooter ||
		binary.LittleEndian.Uint64(tail[1:]) != footerBodyBytes {
		return c.damage(c.size, "footer", errTruncated)
	}
	footer, err := mcap.ParseFooter(tail[recordHeaderBytes : recordHeaderBytes+footerBodyBytes])
	if err != nil {
		return c.damage(at, "footer", err)
	}
	if footer.SummaryStart == 0 {
		return c.damage(at, "footer", errors.New("the recording has no summary"))
	}
	start := int64(footer.SummaryStart) //nolint:gosec // checked next
	if start < int64(len(mcap.Magic)) || start > at {
		return c.damage(at, "footer", fmt.Errorf("the summary's place %d is outside the file", footer.SummaryStart))
	}
	if n := at - start; n > maxSummaryBytes {
		return c.damage(start, "summary", fmt.Errorf("%d bytes are more than the limit of %d", n, maxSummaryBytes))
	}
	// The checksum covers the summary and the footer up to the checksum.
	sum, err := c.readAt(start, at-start+recordHeaderBytes+16, nil)
	if err != nil {
		return c.damage(start, "summary", err)
	}
	if got := crc32.ChecksumIEEE(sum); footer.SummaryCRC != 0 && got != footer.SummaryCRC {
		return c.damage(start, "summary", fmt.Errorf("checksum is %08x, want %08x", got, footer.SummaryCRC))
	}
	err = walk(sum[:at-start], func(op mcap.OpCode, body []byte, off int) error {
		if err := r.summaryRecord(op, body); err != nil {
			return c.damage(start+int64(off), op.String()+" in the summary", err)
		}
		return nil
	})
	var damage *DamageError
	if err != nil && !errors.As(err, &damage) {
		err = c.damage(start, "summary", err)
	}
	if err != nil {
		return err
	}
	return r.checkSummary(start)
}

func (r *Reader) summaryRecord(op mcap.OpCode, body []byte) error {
	switch op {
	case mcap.OpSchema:
		s, err := mcap.ParseSchema(body)
		if err != nil {
			return err
		}
		r.schemas[s.ID] = s
	case mcap.OpChannel:
		ch, err := mcap.ParseChannel(body)
		if err != nil {
			return err
		}
		r.channels[ch.ID] = ch
	case mcap.OpChunkIndex:
		idx, err := mcap.ParseChunkIndex(body)
		if err != nil {
			return err
		}
		r.chunks = append(r.chunks, idx)
	case mcap.OpAttachmentIndex:
		idx, err := mcap.ParseAttachmentIndex(body)
		if err != nil {
			return err
		}
		r.attachments = append(r.attachments, idx)
	case mcap.OpMetadataIndex:
		idx, err := mcap.ParseMetadataIndex(body)
		if err != nil {
			return err
		}
		r.metadata = append(r.metadata, idx)
	case mcap.OpStatistics:
		s, err := mcap.ParseStatistics(body)
		if err != nil {
			return err
		}
		r.statistics = s
	default: // other records do not matter here
	}
	return nil
}

func (r *Reader) checkSummary(end int64) error {
	for _, ch := range r.channels {
		if _, ok := r.schemas[ch.SchemaID]; !ok && ch.SchemaID != 0 {
			return r.c.damage(end, "summary", fmt.Errorf("topic %s has the unknown schema %d", ch.Topic, ch.SchemaID))
		}
	}
	inside := func(off, n uint64) bool { return off <= uint64(end) && n <= uint64(end)-off } //nolint:gosec // end >= 0
	for _, x := range r.chunks {
		if !inside(x.ChunkStartOffset, x.ChunkLength) {
			return r.c.damage(end, "summary", fmt.Errorf("chunk at %d lies outside the data", x.ChunkStartOffset))
		}
	}
	for _, x := range r.attachments {
		if !inside(x.Offset, x.Length) {
			return r.c.damage(end, "summary", fmt.Errorf("attachment %q lies outside the data", x.Name))
		}
	}
	if r.statistics != nil && r.statistics.MessageCount > 0 && len(r.chunks) == 0 {
		return r.c.damage(end, "summary", errors.New("messages without a chunk index"))
	}
	slices.SortStableFunc(r.chunks, func(a, b *mcap.ChunkIndex) int {
		return cmp.Or(cmp.Compare(a.MessageStartTime, b.MessageStartTime), cmp.Compare(a.ChunkStartOffset, b.ChunkStartOffset))
	})
	return nil
}
