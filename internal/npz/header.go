package npz

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// maxHeader bounds an array's header; NumPy itself refuses to evaluate one of over 10000 characters.
const maxHeader = 10_000

// maxDims is NumPy's own limit on the dimensions of an array.
const maxDims = 64

// header is what stands before an array's numbers.
type header struct {
	descr   string // number format, "<f4"
	fortran bool
	shape   []int
	size    int // bytes of the header with its magic
}

// readHeader reads the header of an array (NumPy's format, versions 1 to 3).
func readHeader(r io.Reader) (header, error) {
	var start [12]byte
	if _, err := io.ReadFull(r, start[:10]); err != nil {
		return header{}, fmt.Errorf("header: %w", noEOF(err))
	}
	if string(start[:6]) != "\x93NUMPY" {
		return header{}, fmt.Errorf("starts with %q: not a NumPy array", start[:6])
	}
	length, size := int64(binary.LittleEndian.Uint16(start[8:])), 10
	switch start[6] {
	case 1:
	case 2, 3:
		if _, err := io.ReadFull(r, start[10:]); err != nil {
			return header{}, fmt.Errorf("header: %w", noEOF(err))
		}
		length, size = int64(binary.LittleEndian.Uint32(start[8:])), 12
	default:
		return header{}, fmt.Errorf("format version %d, want 1 to 3: save it with numpy.savez", start[6])
	}
	if length > maxHeader {
		return header{}, fmt.Errorf("header of %d bytes is over the limit of %d", length, maxHeader)
	}
	text := make([]byte, length)
	if _, err := io.ReadFull(r, text); err != nil {
		return header{}, fmt.Errorf("header: %w", noEOF(err))
	}
	h, err := parseHeader(string(text))
	if err != nil {
		return header{}, fmt.Errorf("header %q: %w", text[:min(len(text), 80)], err)
	}
	h.size = size + len(text)
	return h, nil
}

// noEOF turns the end of input where more must come into an error that says so.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// parseHeader reads {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }, a Python dictionary with exactly these keys in
// any order. Anything else, such as a structured format, is an error.
func parseHeader(s string) (h header, err error) {
	p := parser{rest: s}
	p.want("{")
	seen := map[string]bool{}
	for p.err == nil && !p.skip("}") {
		key := p.quoted()
		p.want(":")
		if seen[key] {
			return header{}, fmt.Errorf("key %q is given twice", key)
		}
		seen[key] = true
		switch key {
		case "descr":
			if strings.HasPrefix(strings.TrimSpace(p.rest), "[") {
				return header{}, errors.New("structured arrays are not read: save each field as an array of its own")
			}
			h.descr = p.quoted()
		case "fortran_order":
			if h.fortran = p.skip("True"); !h.fortran {
				p.want("False")
			}
		case "shape":
			h.shape = p.tuple()
		default:
			p.fail("one of the keys descr, fortran_order and shape")
		}
		if p.err == nil && !p.skip(",") {
			p.want("}")
			break
		}
	}
	if p.err == nil && strings.TrimSpace(p.rest) != "" {
		p.fail("nothing after the dictionary")
	}
	for _, key := range []string{"descr", "fortran_order", "shape"} {
		if p.err == nil && !seen[key] {
			p.err = fmt.Errorf("key %q is missing", key)
		}
	}
	return h, p.err
}

// parser eats a text from the left; after the first error it eats no more.
type parser struct {
	rest string
	err  error
}

func (p *parser) fail(want string) {
	if p.err == nil {
		p.err = fmt.Errorf("at %q: want %s", p.rest[:min(len(p.rest), 20)], want)
	}
}

// skip eats word if it comes next.
func (p *parser) skip(word string) bool {
	rest, ok := strings.CutPrefix(strings.TrimLeft(p.rest, " \n"), word)
	if ok && p.err == nil {
		p.rest = rest
	}
	return ok && p.err == nil
}

func (p *parser) want(word string) {
	if !p.skip(word) {
		p.fail(word)
	}
}

// quoted eats a string in single or double quotes, without escapes.
func (p *parser) quoted() string {
	for _, quote := range []string{"'", `"`} {
		if p.skip(quote) {
			word, rest, ok := strings.Cut(p.rest, quote)
			if !ok {
				p.fail("a closing quote")
			}
			p.rest = rest
			return word
		}
	}
	p.fail("a string")
	return ""
}

// tuple eats "()", "(3,)" or "(2, 3)".
func (p *parser) tuple() (out []int) {
	p.want("(")
	for p.err == nil && !p.skip(")") {
		p.skip("") // only the blanks before the number
		digits := p.rest[:len(p.rest)-len(strings.TrimLeft(p.rest, "0123456789"))]
		d, err := strconv.Atoi(digits)
		if err != nil || len(out) == maxDims {
			p.fail(fmt.Sprintf("at most %d dimensions, each 0 to 2^63-1", maxDims))
			return nil
		}
		p.rest, out = p.rest[len(digits):], append(out, d)
		if !p.skip(",") {
			p.want(")")
			return out
		}
	}
	return slices.Clip(out)
}
