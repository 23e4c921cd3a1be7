package eval

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// Bounds of the scanner. What it keeps of a file never exceeds maxText; nesting is bounded because skipped values
// are walked by recursion.
const (
	maxText  = 1024 // bytes of one string that is kept, or of one number
	maxDepth = 64
)

// scanner reads JSON as a stream and in its order, with bounded memory whatever the input. Beyond JSON it takes the
// words NaN, Infinity and -Infinity as numbers: Python writes them, and so do many detectors for an unknown velocity.
type scanner struct {
	r    *bufio.Reader
	line int    // of the byte that comes next, from 1
	text []byte // reused by string and word
}

// syntaxError is what the scanner does not understand. It has no place: the scanner's line says where.
type syntaxError struct{ msg string }

func (e *syntaxError) Error() string { return e.msg }

func badSyntax(format string, args ...any) error {
	return &syntaxError{fmt.Sprintf(format, args...)}
}

func newScanner(r io.Reader) *scanner {
	return &scanner{r: bufio.NewReaderSize(r, 64<<10), line: 1}
}

// read consumes one byte.
func (s *scanner) read() (byte, error) {
	b, err := s.r.ReadByte()
	if errors.Is(err, io.EOF) {
		return 0, io.ErrUnexpectedEOF
	}
	if b == '\n' && err == nil {
		s.line++
	}
	return b, err
}

// peek returns the next byte that is not white space without consuming it.
func (s *scanner) peek() (byte, error) {
	for {
		b, err := s.read()
		if err != nil {
			return 0, err
		}
		switch b {
		case ' ', '\t', '\r', '\n':
		default:
			return b, s.r.UnreadByte()
		}
	}
}

// expect consumes the byte want, after white space.
func (s *scanner) expect(want byte) error {
	b, err := s.peek()
	if err != nil {
		return err
	}
	if b != want {
		return badSyntax("found %q where %q is expected", b, want)
	}
	_, err = s.read()
	return err
}

// more is called before each element of a list that ends with end; first says whether it is the first one. It
// consumes the comma before an element, or end.
func (s *scanner) more(end byte, first bool) (bool, error) {
	b, err := s.peek()
	if err != nil {
		return false, err
	}
	if b == end {
		_, err = s.read()
		return false, err
	}
	if !first {
		if err := s.expect(','); err != nil {
			return false, err
		}
	}
	return true, nil
}

// object reads an object and calls field for each key, which must consume the value.
func (s *scanner) object(field func(key string) error) error {
	if err := s.expect('{'); err != nil {
		return err
	}
	for first := true; ; first = false {
		ok, err := s.more('}', first)
		if !ok || err != nil {
			return err
		}
		key, err := s.string()
		if err != nil {
			return err
		}
		if err := s.expect(':'); err != nil {
			return err
		}
		if err := field(string(key)); err != nil {
			return err
		}
	}
}

// array reads an array and calls element for each index, which must consume the value.
func (s *scanner) array(element func(i int) error) error {
	if err := s.expect('['); err != nil {
		return err
	}
	for i := 0; ; i++ {
		ok, err := s.more(']', i == 0)
		if !ok || err != nil {
			return err
		}
		if err := element(i); err != nil {
			return err
		}
	}
}

// skip consumes one value of any kind.
func (s *scanner) skip(depth int) error {
	if depth > maxDepth {
		return badSyntax("nested deeper than %d", maxDepth)
	}
	b, err := s.peek()
	if err != nil {
		return err
	}
	switch b {
	case '{':
		return s.object(func(string) error { return s.skip(depth + 1) })
	case '[':
		return s.array(func(int) error { return s.skip(depth + 1) })
	case '"':
		_, err := s.walkString(false)
		return err
	}
	w, err := s.word()
	if err != nil {
		return err
	}
	switch string(w) {
	case "true", "false", "null", "NaN", "Infinity", "-Infinity":
		return nil
	}
	if !isNumber(w) {
		return s.badWord(w, "value")
	}
	return nil
}

// end makes sure that nothing but white space follows.
func (s *scanner) end() error {
	b, err := s.peek()
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil
	case err != nil:
		return err
	}
	return badSyntax("found %q after the end of the document", b)
}
