package eval

import (
	"encoding/json"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"
)

// string reads a string of at most maxText bytes. The result is valid until the next call of the scanner.
func (s *scanner) string() ([]byte, error) {
	escaped, err := s.walkString(true)
	if err != nil || !escaped {
		return s.text, err
	}
	var plain string
	if err := json.Unmarshal([]byte(`"`+string(s.text)+`"`), &plain); err != nil {
		return nil, badSyntax("string with a wrong escape: %v", err)
	}
	return []byte(plain), nil
}

// walkString consumes a string, and keeps its bytes in s.text if asked to.
func (s *scanner) walkString(keep bool) (escaped bool, err error) {
	if err := s.expect('"'); err != nil {
		return false, err
	}
	s.text = s.text[:0]
	hex := 0        // digits of \u still to come
	escape := false // the byte before was a backslash
	for {
		b, err := s.read()
		if err != nil {
			return false, err
		}
		switch {
		case b < ' ':
			return false, badSyntax("control character %#x in a string", b)
		case hex > 0:
			if _, err := strconv.ParseUint(string(b), 16, 8); err != nil {
				return false, badSyntax("%q in a \\u escape", b)
			}
			hex--
		case escape:
			escape = false
			switch b {
			case 'u':
				hex = 4
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			default:
				return false, badSyntax("unknown escape \\%c in a string", b)
			}
		case b == '"':
			return escaped, nil
		case b == '\\':
			escape, escaped = true, true
		}
		if keep {
			if len(s.text) == maxText {
				return false, badSyntax("string longer than %d bytes", maxText)
			}
			s.text = append(s.text, b)
		}
	}
}

// word reads the letters, digits and signs of a number or of a word such as null.
func (s *scanner) word() ([]byte, error) {
	first, err := s.peek()
	if err != nil {
		return nil, err
	}
	s.text = s.text[:0]
	for {
		b, err := s.r.ReadByte() // a word may end with the file
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		if err != nil || !inWord(b) {
			if err == nil {
				err = s.r.UnreadByte()
			} else {
				err = nil
			}
			if len(s.text) == 0 {
				return nil, badSyntax("found %q where a value is expected", first)
			}
			return s.text, err
		}
		if len(s.text) == maxText {
			return nil, badSyntax("number longer than %d bytes", maxText)
		}
		s.text = append(s.text, b)
	}
}

func inWord(b byte) bool {
	return b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b == '-' || b == '+' || b == '.'
}

// badWord is the error for a word that is no value: the end of the file if it was cut there.
func (s *scanner) badWord(w []byte, what string) error {
	if _, err := s.r.Peek(1); errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return badSyntax("found %q where a %s is expected", w, what)
}

// isNumber reports whether w is a number in JSON's grammar.
func isNumber(w []byte) bool {
	digits := func() (n int) {
		for n < len(w) && w[n] >= '0' && w[n] <= '9' {
			n++
		}
		w = w[n:]
		return n
	}
	next := func(set string) bool {
		if len(w) == 0 || strings.IndexByte(set, w[0]) < 0 {
			return false
		}
		w = w[1:]
		return true
	}
	next("-")
	if !next("0") && digits() == 0 {
		return false
	}
	if next(".") && digits() == 0 {
		return false
	}
	if next("eE") {
		next("+-")
		if digits() == 0 {
			return false
		}
	}
	return len(w) == 0
}

// number reads a number. null and NaN give NaN; what is too large gives an infinity.
func (s *scanner) number() (float64, error) {
	w, err := s.word()
	if err != nil {
		return 0, err
	}
	switch string(w) {
	case "null", "NaN":
		return math.NaN(), nil
	case "Infinity":
		return math.Inf(1), nil
	case "-Infinity":
		return math.Inf(-1), nil
	}
	if !isNumber(w) {
		return 0, s.badWord(w, "number")
	}
	v, err := strconv.ParseFloat(string(w), 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, badSyntax("number %q: %v", w, err)
	}
	return v, nil
}
