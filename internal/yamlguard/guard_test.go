package yamlguard

import (
	"errors"
	"strings"
	"testing"

	"github.com/goccy/go-yaml/parser"
)

func TestCheck(t *testing.T) {
	open, closed := strings.Repeat("[", MaxDepth), strings.Repeat("]", MaxDepth)
	for _, tt := range []struct {
		name, text string
		want       string // empty: may be parsed
	}{
		{"empty", "", ""},
		{"no YAML, which is the parser's to say", "a: b: c: {", ""},
		{"as many bytes as may be", strings.Repeat("#", MaxBytes), ""},
		{"a byte more", strings.Repeat("#", MaxBytes+1), "got more than 65536 bytes, want at most 65536: keep what the file must say"},
		{"as many lines as may be", strings.Repeat("\n", MaxLines), ""},
		{"a line more", strings.Repeat("\n", MaxLines+1), "got 4001 lines, want at most 4000: keep what the file must say"},
		{"as deep as may be", "a: " + open + closed, ""},
		{"deeper", "a:\n  " + open + "[]" + closed, "line 2: got deeply nested brackets, want at most 32 levels: close the brackets"},
		{"deeper in braces and brackets", strings.Repeat("{a: [", MaxDepth/2) + "{", "line 1: "},
		{"deeper over many lines", strings.Repeat("[\n", MaxDepth) + "[", "line 33: "},
		{"deeper after a hash in quotes", `{"a #": ` + open, "line 1: "},
		{"deeper after a hash in quotes of two lines", "{\"a\n  b #\": " + open, "line 2: "},
		{"many, but not in each other", "a: [" + strings.Repeat("[1],", 1000) + "]", ""},
		{"in a comment", "a: 1 # " + open + "[", ""},
		{"in comments as open intervals", strings.Repeat("# [0, 1)\n", 100), ""},
		{"in quotes", `a: "` + open + "[\"\nb: '" + open + "['", ""},
		{"in a plain word", "a: x" + open + "[", ""},
		{"as many aliases as may be", "a: &x 1\nb: [" + strings.Repeat("*x, ", MaxAliases) + "]", ""},
		{"an alias more", "a: &x 1\nb: [" + strings.Repeat("*x, ", MaxAliases) + "]\nc: *x", "line 3: got one more alias, want at most 16 in a file"},
		{"stars in quotes and comments", "a: '" + strings.Repeat(" *x", 99) + "' # " + strings.Repeat(" *x", 99), ""},
		{"in a block of text", "a: |\n  " + open + "[\n", ""},
	} {
		err := Check([]byte(tt.text))
		switch {
		case err == nil && tt.want != "":
			t.Errorf("%s: got no error, want %q", tt.name, tt.want)
		case err != nil && (tt.want == "" || !strings.HasPrefix(err.Error(), tt.want)):
			t.Errorf("%s: got %q, want %q", tt.name, err, tt.want)
		}
		var is *Error
		if err != nil && !errors.As(err, &is) {
			t.Errorf("%s: got a %T, want an *Error", tt.name, err)
		}
	}
}

// FuzzCheck holds that no text makes the lexer crash, and that one which passes is parsed, to a tree or an error.
func FuzzCheck(f *testing.F) {
	for _, s := range []string{"a: [1, {b: 2}]", `{"a #": [[`, "- - ? &a *a !t |\n x", "a: |\n  [\n# ["} {
		f.Add(s)
	}
	f.Fuzz(func(_ *testing.T, s string) {
		if Check([]byte(s)) == nil {
			_, _ = parser.ParseBytes([]byte(s), 0) // either is good
		}
	})
}

// BenchmarkCheck guards the worst text: the parser would take ten seconds for it.
func BenchmarkCheck(b *testing.B) {
	data := []byte(`{"a #": ` + strings.Repeat("[", 60_000))
	b.ReportAllocs()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if Check(data) == nil {
			b.Fatal("got no error")
		}
	}
}
