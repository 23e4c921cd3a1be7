// Package yamlguard refuses YAML that would keep the parser busy rather than say something. goccy/go-yaml takes time that grows
// with the square of the depth of nested brackets (60 kB of them take 5 s and more, 400 kB more than a minute), and decodes an
// alias each time that it stands somewhere, so that a few lines of aliases of aliases never end. Its lexer does neither: what is
// counted are the tokens that the parser will see, whatever stands in quotes and comments.
package yamlguard

import (
	"bytes"
	"fmt"

	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"
)

// The bounds of a file: far above what a person writes, and parsed in well under a second.
const (
	// MaxBytes of the whole text. A caller that reads a file need not read more than one byte beyond.
	MaxBytes = 64 << 10
	// MaxLines of the whole text.
	MaxLines = 4000
	// MaxDepth of brackets, square and curly, in each other.
	MaxDepth = 32
	// MaxAliases (*name) of the whole text. With 16 the most that a text can grow by is about e^(16/e), some 400 times.
	MaxAliases = 16
)

// Error says which bound a text is beyond.
type Error struct {
	// Line counts from 1; 0 is the text as a whole.
	Line int
	// Got, Want and Cure in words.
	Got, Want, Cure string
}

// Error implements error.
func (e *Error) Error() string {
	text := fmt.Sprintf("got %s, want %s: %s", e.Got, e.Want, e.Cure)
	if e.Line > 0 {
		return fmt.Sprintf("line %d: %s", e.Line, text)
	}
	return text
}

// Check returns nil for a text that may be parsed, which says nothing about whether it is YAML, and an *Error for every other.
// Its own time is linear in the text, and it looks at no more than MaxBytes.
func Check(data []byte) error {
	const cure = "keep what the file must say"
	if len(data) > MaxBytes {
		return &Error{Got: fmt.Sprintf("more than %d bytes", MaxBytes), Want: fmt.Sprintf("at most %d", MaxBytes), Cure: cure}
	}
	if lines := bytes.Count(data, []byte("\n")); lines > MaxLines {
		return &Error{Got: fmt.Sprintf("%d lines", lines), Want: fmt.Sprintf("at most %d", MaxLines), Cure: cure}
	}
	depth, aliases := 0, 0
	for _, t := range lexer.Tokenize(string(data)) {
		switch t.Type { //nolint:exhaustive // the others nest by indentation, which costs little at this size
		case token.AliasType:
			aliases++
		case token.SequenceStartType, token.MappingStartType:
			depth++
		case token.SequenceEndType, token.MappingEndType:
			depth = max(0, depth-1)
		}
		switch {
		case depth > MaxDepth:
			return &Error{
				Line: t.Position.Line, Got: "deeply nested brackets", Want: fmt.Sprintf("at most %d levels", MaxDepth), Cure: "close the brackets",
			}
		case aliases > MaxAliases:
			return &Error{
				Line: t.Position.Line, Got: "one more alias", Want: fmt.Sprintf("at most %d in a file", MaxAliases), Cure: "write the values out",
			}
		}
	}
	return nil
}
