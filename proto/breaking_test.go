// Package proto_test guards the messages of fusion.v1: recordings and subscribers of every age must stay readable.
package proto_test

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
)

var update = flag.Bool("update", false, "record added fields, messages and values in testdata/fusion.v1.txt")

// recorded lists everything that was ever published of fusion.v1, one line each: "Message.5 = name type" or
// "Enum.2 = VALUE". It is kept sorted by name and number.
var recorded = filepath.Join("testdata", "fusion.v1.txt")

// TestNothingBreaks compares the messages with those recorded: a field may be added, and nothing else may change. An
// addition is recorded with
//
//	go test ./proto -run TestNothingBreaks -update
//
// which refuses to record anything that breaks.
func TestNothingBreaks(t *testing.T) {
	text, err := os.ReadFile(recorded)
	if err != nil && !(*update && errors.Is(err, os.ErrNotExist)) {
		t.Fatal(err)
	}
	before, now := parse(t, string(text)), current()
	broken := breaks(before, now)
	for _, b := range broken {
		t.Error(b)
	}
	if len(broken) > 0 {
		t.Fatal("messages of fusion.v1 only ever grow: restore what is named above and add a new field with a new number instead")
	}
	added := additions(before, now)
	if len(added) == 0 {
		return
	}
	if !*update {
		t.Fatalf("not recorded yet:\n\t%s\nrecord the additions with: go test ./proto -run TestNothingBreaks -update",
			strings.Join(added, "\n\t"))
	}
	if err := os.MkdirAll(filepath.Dir(recorded), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(recorded, []byte(format(now)), 0o644); err != nil {
		t.Fatal(err)
	}
}

// schema maps "Message.5" to "name type".
type schema map[string]string

// current reads the schema out of the generated code.
func current() schema {
	s := schema{}
	protoregistry.GlobalFiles.RangeFilesByPackage(fusionv1.File_fusion_v1_common_proto.Package(), func(f protoreflect.FileDescriptor) bool {
		s.messages(f.Messages())
		s.enums(f.Enums())
		return true
	})
	return s
}

func (s schema) messages(ms protoreflect.MessageDescriptors) {
	for i := range ms.Len() {
		m := ms.Get(i)
		for j := range m.Fields().Len() {
			f := m.Fields().Get(j)
			s[fmt.Sprintf("%s.%d", local(m), f.Number())] = fmt.Sprintf("%s %s", f.Name(), typeOf(f))
		}
		s.messages(m.Messages())
		s.enums(m.Enums())
	}
}

func (s schema) enums(es protoreflect.EnumDescriptors) {
	for i := range es.Len() {
		e := es.Get(i)
		for j := range e.Values().Len() {
			v := e.Values().Get(j)
			s[fmt.Sprintf("%s.%d", local(e), v.Number())] = string(v.Name())
		}
	}
}

func local(d protoreflect.Descriptor) string {
	return strings.TrimPrefix(string(d.FullName()), "fusion.v1.")
}

// typeOf is all that decides how a field is written: its type and how often it may be there.
func typeOf(f protoreflect.FieldDescriptor) string {
	t := f.Kind().String()
	switch {
	case f.Message() != nil:
		t = local(f.Message())
	case f.Enum() != nil:
		t = local(f.Enum())
	}
	switch {
	case f.IsList():
		return "repeated " + t
	case f.HasOptionalKeyword():
		return "optional " + t
	case f.ContainingOneof() != nil:
		return "oneof " + string(f.ContainingOneof().Name()) + " " + t
	}
	return t
}

// breaks names every entry of before that is gone or different, and every name that moved to another number.
func breaks(before, now schema) []string {
	var out []string
	for _, key := range slices.SortedFunc(maps.Keys(before), byNumber) {
		was, is := before[key], now[key]
		message := key[:strings.LastIndex(key, ".")]
		wasName, wasType, _ := strings.Cut(was, " ")
		isName, isType, _ := strings.Cut(is, " ")
		moved := ""
		for other, entry := range now {
			name, _, _ := strings.Cut(entry, " ")
			if name == wasName && other != key && strings.HasPrefix(other, message+".") && !strings.Contains(other[len(message)+1:], ".") {
				moved = other
			}
		}
		switch {
		case moved != "":
			out = append(out, fmt.Sprintf("renumbered: %s (%s) is now %s", key, wasName, moved))
		case is == "":
			out = append(out, fmt.Sprintf("removed: %s (%s)", key, was))
		case wasName != isName:
			out = append(out, fmt.Sprintf("number used again: %s was %s and is now %s", key, wasName, isName))
		case wasType != isType:
			out = append(out, fmt.Sprintf("retyped: %s (%s) was %s and is now %s", key, wasName, wasType, isType))
		}
	}
	return out
}

func additions(before, now schema) []string {
	var out []string
	for _, key := range slices.SortedFunc(maps.Keys(now), byNumber) {
		if _, ok := before[key]; !ok {
			out = append(out, key+" = "+now[key])
		}
	}
	return out
}

// byNumber orders "A.2" before "A.10".
func byNumber(a, b string) int {
	split := func(s string) (string, int) {
		i := strings.LastIndex(s, ".")
		n := 0
		_, _ = fmt.Sscan(s[i+1:], &n) // keys are made above or checked by parse
		return s[:i], n
	}
	an, ai := split(a)
	bn, bi := split(b)
	if c := strings.Compare(an, bn); c != 0 {
		return c
	}
	return ai - bi
}

func format(s schema) string {
	var b strings.Builder
	b.WriteString("# Everything ever published of fusion.v1. Recorded by: go test ./proto -run TestNothingBreaks -update\n")
	for _, key := range slices.SortedFunc(maps.Keys(s), byNumber) {
		fmt.Fprintf(&b, "%s = %s\n", key, s[key])
	}
	return b.String()
}

func parse(t *testing.T, text string) schema {
	t.Helper()
	s := schema{}
	for i, line := range strings.Split(text, "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, value, ok := strings.Cut(line, " = ")
		if !ok || !strings.Contains(key, ".") || value == "" || s[key] != "" {
			t.Fatalf("%s:%d: %q is not one \"Message.5 = name type\"", recorded, i+1, line)
		}
		s[key] = value
	}
	return s
}

// The guard itself: every kind of break is found and named, and additions are not breaks.
func TestBreaksAreFound(t *testing.T) {
	before := schema{
		"Header.1": "stamp int64", "Header.2": "sensor string", "PointField.Type.1": "TYPE_INT8", "Object.4": "center Vector3", "Object.9": "existence float",
	}
	for _, tt := range []struct {
		name   string
		change func(schema)
		want   string
	}{
		{"nothing", func(schema) {}, ""},
		{"field added", func(s schema) { s["Header.3"] = "clock Clock" }, ""},
		{"message added", func(s schema) { s["New.1"] = "stamp int64" }, ""},
		{"removed", func(s schema) { delete(s, "Header.2") }, "removed: Header.2 (sensor string)"},
		{"value removed", func(s schema) { delete(s, "PointField.Type.1") }, "removed: PointField.Type.1 (TYPE_INT8)"},
		{"renumbered", func(s schema) { delete(s, "Header.2"); s["Header.5"] = "sensor string" }, "renumbered: Header.2 (sensor) is now Header.5"},
		{"number used again", func(s schema) { s["Header.2"] = "frame string" }, "number used again: Header.2 was sensor and is now frame"},
		{"retyped", func(s schema) { s["Header.1"] = "stamp uint64" }, "retyped: Header.1 (stamp) was int64 and is now uint64"},
		{"made repeated", func(s schema) { s["Object.4"] = "center repeated Vector3" }, "retyped: Object.4 (center) was Vector3 and is now repeated Vector3"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			now := maps.Clone(before)
			tt.change(now)
			got := strings.Join(breaks(before, now), "; ")
			if got != tt.want {
				t.Errorf("breaks = %q, want %q", got, tt.want)
			}
		})
	}
}
