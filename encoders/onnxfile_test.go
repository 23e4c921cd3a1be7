package encoders

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// message makes a Protobuf message of fields: uint64 become varints, []byte and string become length-delimited.
func message(fields ...any) (out []byte) {
	for i := 0; i < len(fields); i += 2 {
		num := protowire.Number(fields[i].(int)) //nolint:forcetypeassert,gosec // made here
		switch v := fields[i+1].(type) {
		case int:
			out = protowire.AppendVarint(protowire.AppendTag(out, num, protowire.VarintType), uint64(v)) //nolint:gosec // made here
		case string:
			out = protowire.AppendString(protowire.AppendTag(out, num, protowire.BytesType), v)
		case []byte:
			out = protowire.AppendBytes(protowire.AppendTag(out, num, protowire.BytesType), v)
		}
	}
	return out
}

// value is a ValueInfoProto; a dimension of -1 is written as a name, as exporters write free dimensions.
func value(name string, elements int, dims ...int) []byte {
	var shape []byte
	for _, d := range dims {
		dim := message(dimValue, d)
		if d < 0 {
			dim = message(2, "height")
		}
		shape = append(shape, message(shapeDim, dim)...)
	}
	return message(valueName, name, valueType, message(typeTensor, message(tensorElements, elements, tensorShape, shape)))
}

func TestReadONNX(t *testing.T) {
	graph := message(
		graphNode, "", graphInput, value("x", onnxFloat, 1, 3), graphInput, value("weights", onnxFloat, 3, 3),
		graphInitializer, message(weightsName, "weights"), graphOutput, value("y", onnxInt64, 1, -1), 2, "graph",
	)
	custom := message(opsetDomain, "com.example", opsetVersion, 3)
	f, err := readONNX(message(1, 8, modelOpset, message(opsetVersion, 17), modelOpset, custom, modelGraph, graph))
	if err != nil {
		t.Fatal(err)
	}
	x, y := onnxTensor{"x", onnxFloat, []int64{1, 3}}, onnxTensor{"y", onnxInt64, []int64{1, -1}}
	same := func(a, b onnxTensor) bool {
		return a.name == b.name && a.elements == b.elements && slices.Equal(a.shape, b.shape)
	}
	if f.opset != 17 || !slices.EqualFunc(f.inputs, []onnxTensor{x}, same) || !slices.EqualFunc(f.outputs, []onnxTensor{y}, same) {
		t.Errorf("got %+v, want opset 17, input %+v without the weights, and output %+v", f, x, y)
	}
}

func TestReadONNXRefuses(t *testing.T) {
	external := message(graphNode, "", graphInitializer, message(weightsName, "w", weightsLocation, onnxExternal))
	tests := []struct {
		name string
		data []byte
		want string
	}{
		{"empty", nil, "no network in it"},
		{"graph without nodes", message(modelGraph, message(graphInput, value("x", 1, 1))), "no network in it"},
		{"weights elsewhere", message(modelGraph, external), `weights "w" lie in another file`},
		{"text", []byte("hello"), "proto"},
		{"cut", message(modelGraph, external)[:8], "EOF"},
	}
	for _, tt := range tests {
		if f, err := readONNX(tt.data); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %+v and error %v, want %q", tt.name, f, err, tt.want)
		}
	}
}

func TestCompareONNX(t *testing.T) {
	graph := message(graphNode, "", graphInput, value("index", onnxInt64, 4), graphInput, value("x", onnxFloat, 2, -1), graphOutput, value("y", onnxFloat, 2))
	data := message(modelOpset, message(opsetVersion, 17), modelGraph, graph)
	index, x, y := TensorSpec{"index", []int64{4}}, TensorSpec{"x", []int64{2, 3}}, TensorSpec{"y", []int64{2}}
	tests := []struct {
		name            string
		opset           int
		inputs, outputs []TensorSpec
		want            []string
	}{
		{"same, in another order, free dimension", 17, []TensorSpec{x, index}, []TensorSpec{y}, nil},
		{"opset", 16, []TensorSpec{index, x}, []TensorSpec{y}, []string{"opset is 17, manifest says 16"}},
		{"shape", 17, []TensorSpec{index, {"x", []int64{3, 3}}}, []TensorSpec{y}, []string{"input x has shape [2 -1] of data type 1, manifest says [3 3] of 1 (1 float32, 7 int64)"}},
		{"dimensions", 17, []TensorSpec{index, x}, []TensorSpec{{"y", []int64{2, 1}}}, []string{"output y has shape [2] of data type 1, manifest says [2 1] of 1 (1 float32, 7 int64)"}},
		{"names", 17, []TensorSpec{index, {"z", []int64{2, 3}}}, []TensorSpec{y}, []string{
			`has no input "z", which the manifest names`, `has an input "x", which the manifest does not name`,
		}},
		{"integers where floats are wanted", 17, []TensorSpec{index, x}, []TensorSpec{{"index", []int64{2}}, y}, []string{`has no output "index", which the manifest names`}},
	}
	for _, tt := range tests {
		var got []string
		for _, err := range compareONNX(data, tt.opset, tt.inputs, tt.outputs) {
			got = append(got, err.Error())
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
	floats := message(modelOpset, message(opsetVersion, 17), modelGraph, message(graphNode, "", graphInput, value("index", onnxFloat, 4)))
	if errs := compareONNX(floats, 17, []TensorSpec{index}, nil); len(errs) != 1 || !strings.Contains(errs[0].Error(), "of data type 1, manifest says [4] of 7") {
		t.Errorf("an index of floats: got %v", errs)
	}
}

func FuzzReadONNX(f *testing.F) {
	for _, name := range []string{"add.onnx", "conv_relu.onnx", "gather.onnx"} {
		data, err := os.ReadFile(filepath.Join(models, name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := readONNX(data)
		if err == nil && len(m.inputs)+len(m.outputs) > len(data) {
			t.Errorf("%d inputs and %d outputs from %d bytes", len(m.inputs), len(m.outputs), len(data))
		}
	})
}
