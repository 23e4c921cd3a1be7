package encoders

import (
	"errors"
	"fmt"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// onnxFile is what an ONNX file says of itself: what a package is checked against before any library loads it.
type onnxFile struct {
	opset           int64 // of the default operator set
	inputs, outputs []onnxTensor
	broken          []brokenWeights
}

// onnxTensor is one input or output; -1 stands for a free dimension.
type onnxTensor struct {
	name     string
	elements uint64
	shape    []int64
}

// Field numbers of onnx.proto (ONNX IR version 8; numbers are never reused), and of TensorProto.DataType and DataLocation.
const (
	modelGraph, modelOpset                               = 7, 8
	opsetDomain, opsetVersion                            = 1, 2
	graphNode, graphInitializer, graphInput, graphOutput = 1, 5, 11, 12
	valueName, valueType                                 = 1, 2
	typeTensor                                           = 1
	tensorElements, tensorShape                          = 1, 2
	shapeDim, dimValue                                   = 1, 1

	onnxFloat, onnxInt64 = 1, 7
)

// readONNX reads the operator set, the inputs and the outputs of a file, and looks for weights that are not numbers. It knows no operators: whether the network can run is for
// ONNX Runtime to say. Weights in other files are refused, because no hash of the package covers them.
func readONNX(data []byte) (*onnxFile, error) {
	f := &onnxFile{}
	weights := map[string]bool{}
	nodes := 0
	err := protoFields(data, func(n int, _ uint64, model []byte) error {
		switch n {
		case modelOpset:
			return f.addOpset(model)
		case modelGraph:
			return protoFields(model, func(n int, _ uint64, b []byte) (err error) {
				var t onnxTensor
				switch n {
				case graphNode:
					nodes++
				case graphInitializer:
					err = f.addWeights(weights, b)
				case graphInput:
					t, err = readValue(b)
					f.inputs = append(f.inputs, t)
				case graphOutput:
					t, err = readValue(b)
					f.outputs = append(f.outputs, t)
				}
				return err
			})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if nodes == 0 {
		return nil, errors.New("no network in it")
	}
	// Files of old exporters list the weights among the inputs.
	f.inputs = slices.DeleteFunc(f.inputs, func(t onnxTensor) bool { return weights[t.name] })
	return f, nil
}

func (f *onnxFile) addOpset(data []byte) error {
	domain, version := "", uint64(0)
	err := protoFields(data, func(n int, v uint64, b []byte) error {
		switch n {
		case opsetDomain:
			domain = string(b)
		case opsetVersion:
			version = v
		}
		return nil
	})
	if domain == "" || domain == "ai.onnx" {
		f.opset = int64(version) //nolint:gosec // compared only
	}
	return err
}

// readValue reads a ValueInfoProto.
func readValue(data []byte) (t onnxTensor, err error) {
	err = protoFields(data, func(n int, _ uint64, b []byte) error {
		switch n {
		case valueName:
			t.name = string(b)
		case valueType:
			return protoFields(b, func(n int, _ uint64, b []byte) error {
				if n != typeTensor {
					return nil
				}
				return protoFields(b, func(n int, v uint64, b []byte) error {
					switch n {
					case tensorElements:
						t.elements = v
					case tensorShape:
						return protoFields(b, func(n int, _ uint64, b []byte) error {
							if n != shapeDim {
								return nil
							}
							dim := int64(-1)
							err := protoFields(b, func(n int, v uint64, _ []byte) error {
								if n == dimValue {
									dim = int64(v) //nolint:gosec // compared only
								}
								return nil
							})
							t.shape = append(t.shape, dim)
							return err
						})
					}
					return nil
				})
			})
		}
		return nil
	})
	return t, err
}

// protoFields calls f for every field of a Protobuf message: v is a varint's value, b the content of a
// length-delimited field or the bytes of a fixed-width number.
func protoFields(data []byte, f func(n int, v uint64, b []byte) error) error {
	for len(data) > 0 {
		num, typ, n := protowire.ConsumeTag(data)
		if n < 0 {
			return protowire.ParseError(n)
		}
		data = data[n:]
		var v uint64
		var b []byte
		switch typ {
		case protowire.VarintType:
			v, n = protowire.ConsumeVarint(data)
		case protowire.BytesType:
			b, n = protowire.ConsumeBytes(data)
		case protowire.Fixed32Type, protowire.Fixed64Type: // also numbers of a packed field that are written one by one
			if n = protowire.ConsumeFieldValue(num, typ, data); n > 0 {
				b = data[:n]
			}
		default:
			n = protowire.ConsumeFieldValue(num, typ, data)
		}
		if n < 0 {
			return protowire.ParseError(n)
		}
		data = data[n:]
		if err := f(int(num), v, b); err != nil {
			return err
		}
	}
	return nil
}

// fits tells whether a shape can be want: files may leave dimensions free that ONNX Runtime finds out, and OpenNetwork compares.
func fits(shape, want []int64) bool {
	return slices.EqualFunc(shape, want, func(a, b int64) bool { return a == b || a == -1 })
}

// compareONNX returns everything in which an ONNX file differs from what the manifest says of it.
func compareONNX(data []byte, opset int, inputs, outputs []TensorSpec) []error {
	f, err := readONNX(data)
	if err != nil {
		return []error{fmt.Errorf("not an ONNX network: %w", err)}
	}
	errs := f.weightErrors()
	if f.opset != int64(opset) {
		errs = append(errs, fmt.Errorf("opset is %d, manifest says %d", f.opset, opset))
	}
	for _, side := range []struct {
		kind string
		got  []onnxTensor
		want []TensorSpec
	}{{"input", f.inputs, inputs}, {"output", f.outputs, outputs}} {
		for _, w := range side.want {
			i := slices.IndexFunc(side.got, func(t onnxTensor) bool { return t.name == w.Name })
			if i < 0 {
				errs = append(errs, fmt.Errorf("has no %s %q, which the manifest names", side.kind, w.Name))
				continue
			}
			elements := uint64(onnxFloat)
			if w.Name == indexInput {
				elements = onnxInt64
			}
			if got := side.got[i]; !fits(got.shape, w.Shape) || got.elements != elements {
				errs = append(errs, fmt.Errorf("%s %s has shape %v of data type %d, manifest says %v of %d (1 float32, 7 int64)",
					side.kind, w.Name, got.shape, got.elements, w.Shape, elements))
			}
		}
		for _, t := range side.got {
			if !slices.ContainsFunc(side.want, func(w TensorSpec) bool { return w.Name == t.name }) {
				errs = append(errs, fmt.Errorf("has an %s %q, which the manifest does not name", side.kind, t.name))
			}
		}
	}
	return errs
}
