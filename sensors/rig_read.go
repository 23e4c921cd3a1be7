package sensors

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// maxFaults bounds a RigError: a file with more is not a rig.
const maxFaults = 100

// rigReader reads values out of a YAML tree and collects what is wrong instead of stopping at it.
type rigReader struct{ err RigError }

// fault notes one fault.
func (r *rigReader) fault(line int, field, got, want, cure string) {
	if len(r.err.Faults) < maxFaults {
		r.err.Faults = append(r.err.Faults, RigFault{Line: line, Field: field, Got: got, Want: want, Cure: cure})
	}
}

// entry is one value of a mapping, or its absence.
type entry struct {
	node ast.Node
	// field is the full path, line where the value (or, when it is absent, the mapping) stands.
	field string
	line  int
}

// present is false when the key was not there.
func (e entry) present() bool { return e.node != nil }

// object is a mapping with known keys.
type object struct {
	path    string
	line    int
	entries map[string]entry
}

// get returns the entry of a key; an absent one has the mapping's line.
func (o *object) get(key string) entry {
	if e, ok := o.entries[key]; ok {
		return e
	}
	return entry{field: join(o.path, key), line: o.line}
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// object reads a mapping whose keys are all in keys; every other key and every second occurrence is a fault.
func (r *rigReader) object(e entry, keys ...string) (*object, bool) {
	var pairs []*ast.MappingValueNode
	switch n := e.node.(type) {
	case *ast.MappingNode:
		pairs = n.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{n}
	default:
		r.fault(e.line, e.field, describe(e.node), "a mapping with "+strings.Join(keys, ", "), "write key: value lines")
		return nil, false
	}
	o := &object{path: e.field, line: e.line, entries: make(map[string]entry, len(keys))}
	for _, p := range pairs {
		key, line := p.Key.String(), lineOf(p.Key)
		if s, ok := p.Key.(*ast.StringNode); ok {
			key = s.Value
		}
		field := join(e.field, key)
		if !slices.Contains(keys, key) {
			r.fault(line, field, "an unknown key", "one of "+strings.Join(keys, ", "), "correct the spelling or remove it")
			continue
		}
		if first, twice := o.entries[key]; twice {
			r.fault(line, field, fmt.Sprintf("the key a second time (first in line %d)", first.line), "it once",
				"remove one of the two")
			continue
		}
		o.entries[key] = entry{node: p.Value, field: field, line: line}
	}
	return o, true
}

// list reads a sequence of least to most values.
func (r *rigReader) list(e entry, least, most int, what, cure string) ([]entry, bool) {
	want := fmt.Sprintf("a list of %d %s", least, what)
	if least != most {
		want = fmt.Sprintf("a list of %d to %d %s", least, most, what)
	}
	seq, ok := e.node.(*ast.SequenceNode)
	if !ok {
		r.fault(e.line, e.field, describe(e.node), want, cure)
		return nil, false
	}
	if n := len(seq.Values); n < least || n > most {
		r.fault(e.line, e.field, fmt.Sprintf("%d values", n), want, cure)
		return nil, false
	}
	out := make([]entry, len(seq.Values))
	for i, v := range seq.Values {
		out[i] = entry{node: v, field: fmt.Sprintf("%s[%d]", e.field, i), line: e.line}
		if l := lineOf(v); l > 0 {
			out[i].line = l
		}
	}
	return out, true
}

// number reads a finite number in [lo, hi]; open excludes lo itself.
func (r *rigReader) number(e entry, lo, hi float64, open bool, what, cure string) (float64, bool) {
	v, isNumber := numberOf(e.node)
	if isNumber && finite(v) && v >= lo && v <= hi && (!open || v > lo) {
		return v, true
	}
	bracket := "["
	if open {
		bracket = "("
	}
	want := fmt.Sprintf("%s in %s%g, %g]", what, bracket, lo, hi)
	if math.IsInf(lo, -1) {
		want = what
	}
	r.fault(e.line, e.field, describe(e.node), want, cure)
	return 0, false
}

// numbers reads a list of finite numbers, each at most limit in magnitude.
func (r *rigReader) numbers(e entry, least, most int, limit float64, what, cure string) ([]float64, bool) {
	items, ok := r.list(e, least, most, what, cure)
	if !ok {
		return nil, false
	}
	out := make([]float64, len(items))
	for i, item := range items {
		v, good := r.number(item, -limit, limit, false, "a finite number", cure)
		out[i], ok = v, ok && good
	}
	return out, ok
}

// text reads a non-empty string.
func (r *rigReader) text(e entry, what, cure string) (string, bool) {
	switch n := e.node.(type) {
	case *ast.StringNode:
		if n.Value != "" {
			return n.Value, true
		}
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		r.fault(e.line, e.field, describe(n), what+" (a string)", `put it in quotes`)
		return "", false
	}
	r.fault(e.line, e.field, describe(e.node), what, cure)
	return "", false
}

// describe names a value in an error.
func describe(n ast.Node) string {
	switch n := n.(type) {
	case nil:
		return "nothing"
	case *ast.NullNode:
		return "an empty value"
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a mapping"
	case *ast.SequenceNode:
		return "a list"
	case *ast.StringNode:
		return strconv.Quote(shorten(n.Value))
	case *ast.AnchorNode, *ast.AliasNode, *ast.MergeKeyNode, *ast.TagNode:
		return "an anchor, alias or tag"
	}
	return shorten(n.String())
}

func shorten(s string) string {
	const most = 60
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "..."
	}
	return s
}

// numberOf reads any of YAML's number forms; the non-finite ones too, so that they can be named.
func numberOf(n ast.Node) (float64, bool) {
	switch n := n.(type) {
	case *ast.IntegerNode:
		switch v := n.Value.(type) {
		case int64:
			return float64(v), true
		case uint64:
			return float64(v), true
		}
	case *ast.FloatNode:
		return n.Value, true
	case *ast.InfinityNode:
		return n.Value, true
	case *ast.NanNode:
		return math.NaN(), true
	case *ast.StringNode:
		// The parser leaves "1e-5", without a point, as a plain word.
		if n.Token != nil && n.Token.Type == token.StringType && strings.Trim(n.Value, "0123456789+-.eE") == "" {
			v, err := strconv.ParseFloat(n.Value, 64)
			return v, err == nil
		}
	}
	return 0, false
}

func lineOf(n ast.Node) int {
	if n == nil {
		return 0
	}
	if t := n.GetToken(); t != nil && t.Position != nil {
		return t.Position.Line
	}
	return 0
}
