package onnx

// identityModel returns an ONNX network (protobuf bytes) with one Identity node from input "x" to output
// "y", of the given type and any shape. It proves that a provider works, and copies device tensors to the
// host: ONNX Runtime moves the output to wherever it is bound.
//
// Field numbers are those of onnx.proto: ModelProto {ir_version 1, graph 7, opset_import 8}, OpsetId
// {version 2}, GraphProto {node 1, name 2, input 11, output 12}, NodeProto {input 1, output 2, op_type 4},
// ValueInfoProto {name 1, type 2}, TypeProto {tensor_type 1}, TypeProto.Tensor {elem_type 1}.
func identityModel(typ ElementType) []byte {
	node := message(field(1, []byte("x")), field(2, []byte("y")), field(4, []byte("Identity")))
	tensor := field(1, message(number(1, typ.onnxCode())))
	graph := message(
		field(1, node),
		field(2, []byte("identity")),
		field(11, message(field(1, []byte("x")), field(2, tensor))),
		field(12, message(field(1, []byte("y")), field(2, tensor))),
	)
	return message(number(1, 8), field(7, graph), field(8, message(number(2, 17))))
}

// message joins encoded protobuf fields.
func message(fields ...[]byte) []byte {
	var out []byte
	for _, f := range fields {
		out = append(out, f...)
	}
	return out
}

// field encodes a length-delimited protobuf field shorter than 128 bytes.
func field(tag byte, body []byte) []byte {
	return append([]byte{tag<<3 | 2, byte(len(body))}, body...) //nolint:gosec // every body here is below 128 bytes
}

// number encodes a varint protobuf field with a value below 128.
func number(tag, v byte) []byte { return []byte{tag << 3, v} }
