package encoders

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// le is a little-endian array.
func le[T uint16 | float32 | float64](values ...T) []byte {
	out, _ := binary.Append(nil, binary.LittleEndian, values) // fixed-size numbers always can
	return out
}

func TestBrokenWeights(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(-1)
	single := func(v float32) []byte { // an element of a field that is not packed
		return protowire.AppendFixed32(protowire.AppendTag(nil, weightsFloats, protowire.Fixed32Type), math.Float32bits(v))
	}
	tests := []struct {
		name    string
		weights []byte
		want    string // empty: good
	}{
		{"float32, raw", message(weightsType, onnxFloat, weightsRaw, le[float32](1, -2, math.MaxFloat32, math.SmallestNonzeroFloat32, 0)), ""},
		{"NaN, raw", message(weightsType, onnxFloat, weightsRaw, le(1, 2, float32(nan), 3)), "(1 values, the first is number 2)"},
		{"infinity, raw before its type", message(weightsRaw, le(float32(inf), 2, float32(nan)), weightsType, onnxFloat), "(2 values, the first is number 0)"},
		{"packed", message(weightsType, onnxFloat, weightsFloats, le(1, float32(nan))), "(1 values, the first is number 1)"},
		{"packed in two parts", append(message(weightsType, onnxFloat, weightsFloats, le[float32](1, 2)), message(weightsFloats, le(1, float32(inf)))...), "(1 values, the first is number 3)"},
		{"one by one", append(append(message(weightsType, onnxFloat), single(1)...), single(float32(nan))...), "(1 values, the first is number 1)"},
		{"float64", message(weightsType, onnxDouble, weightsRaw, le(1, math.MaxFloat64)), ""},
		{"float64 NaN", message(weightsType, onnxDouble, weightsRaw, le(1, nan)), "(1 values, the first is number 1)"},
		{"float64 packed", message(weightsType, onnxDouble, weightsDoubles, le(nan, 1)), "(1 values, the first is number 0)"},
		{"float16", message(weightsType, onnxHalf, weightsRaw, le[uint16](0x3c00, 0x7bff)), ""},
		{"float16 infinity", message(weightsType, onnxHalf, weightsRaw, le[uint16](0x3c00, 0xfc00)), "(1 values, the first is number 1)"},
		{"float16 in integers", message(weightsType, onnxHalf, weightsInts, []byte{0x01, 0x80, 0xf8, 0x01}), "(1 values, the first is number 1)"},
		{"bfloat16", message(weightsType, onnxBrain, weightsRaw, le[uint16](0x3f80, 0x7c00)), ""},
		{"bfloat16 NaN", message(weightsType, onnxBrain, weightsRaw, le[uint16](0x7fc0)), "(1 values, the first is number 0)"},
		// The bits of what would be NaN as a float32.
		{"integers", message(weightsType, onnxInt64, weightsRaw, le(float32(nan), float32(nan))), ""},
	}
	for _, tt := range tests {
		graph := message(graphNode, "", graphInitializer, append(message(weightsName, "w"), tt.weights...))
		f, err := readONNX(message(modelGraph, graph))
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		errs := f.weightErrors()
		switch {
		case tt.want == "" && len(errs) == 0:
		case tt.want != "" && len(errs) == 1 && strings.Contains(errs[0].Error(), `weights "w" hold NaN or infinity `+tt.want):
		default:
			t.Errorf("%s: got %v, want %q", tt.name, errs, tt.want)
		}
	}
}

// TestBrokenWeightsAreCounted: a file that has diverged altogether is named by its first weights.
func TestBrokenWeightsAreCounted(t *testing.T) {
	graph := message(graphNode, "")
	for range 13 {
		graph = append(graph, message(graphInitializer, message(weightsName, "w", weightsType, onnxFloat, weightsRaw, le(float32(math.NaN()))))...)
	}
	f, err := readONNX(message(modelGraph, graph))
	if err != nil {
		t.Fatal(err)
	}
	if errs := f.weightErrors(); len(errs) != maxNamed+1 || !strings.Contains(errs[maxNamed].Error(), "and 3 more") {
		t.Errorf("got %v, want ten named and three more", errs)
	}
}

// BenchmarkReadONNX of the shipped package's largest network: what the check of every weight costs at each start.
func BenchmarkReadONNX(b *testing.B) {
	data, err := os.ReadFile(filepath.Join(shipped, "fuser-attention.onnx"))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := readONNX(data); err != nil {
			b.Fatal(err)
		}
	}
}
