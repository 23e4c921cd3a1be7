package encoders

import (
	"encoding/binary"
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// brokenWeights is one initializer with values that are no numbers.
type brokenWeights struct {
	name         string
	first, count int // of the values: the first broken one, and how many there are
}

// Field numbers of onnx.proto's TensorProto, and values of its DataType and DataLocation.
const (
	weightsType, weightsFloats, weightsInts, weightsName, weightsRaw, weightsDoubles, weightsLocation = 2, 4, 5, 8, 9, 10, 14

	onnxHalf, onnxDouble, onnxBrain = 10, 11, 16
	onnxExternal                    = 1
)

// addWeights reads one initializer: its name, and whether its values are numbers.
func (f *onnxFile) addWeights(names map[string]bool, data []byte) error {
	name, location, typ := "", uint64(0), uint64(0)
	var raw, ints []byte
	seen := brokenWeights{first: -1}
	values := 0
	err := protoFields(data, func(n int, v uint64, b []byte) error {
		switch n {
		case weightsName:
			name = string(b)
		case weightsLocation:
			location = v
		case weightsType:
			typ = v
		case weightsRaw:
			raw = b
		case weightsInts:
			ints = b // packed: 16-bit floats that are not raw
		case weightsFloats: // packed, or one by one
			values += seen.floats(b, values)
		case weightsDoubles:
			values += seen.doubles(b, values)
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case location == onnxExternal:
		return fmt.Errorf("weights %q lie in another file: export them into this one", name)
	}
	// The type may follow the values, so raw ones are looked at last.
	switch typ {
	case onnxFloat:
		seen.floats(raw, 0)
	case onnxDouble:
		seen.doubles(raw, 0)
	case onnxHalf:
		seen.halves(raw, 0x7c00)
		seen.varints(ints, 0x7c00)
	case onnxBrain:
		seen.halves(raw, 0x7f80)
		seen.varints(ints, 0x7f80)
	}
	names[name] = true
	if seen.count > 0 {
		seen.name = name
		f.broken = append(f.broken, seen)
	}
	return nil
}

func (w *brokenWeights) add(at int) {
	if w.count == 0 {
		w.first = at
	}
	w.count++
}

// floats looks at little-endian float32; values before b make up the first from. A number is broken when its exponent is all ones.
func (w *brokenWeights) floats(b []byte, from int) (n int) {
	for ; len(b) >= 4; b, n = b[4:], n+1 {
		if binary.LittleEndian.Uint32(b)&0x7f800000 == 0x7f800000 {
			w.add(from + n)
		}
	}
	return n
}

func (w *brokenWeights) doubles(b []byte, from int) (n int) {
	for ; len(b) >= 8; b, n = b[8:], n+1 {
		if v := math.Float64frombits(binary.LittleEndian.Uint64(b)); math.IsNaN(v) || math.IsInf(v, 0) {
			w.add(from + n)
		}
	}
	return n
}

// halves looks at 16-bit floats whose exponent has the bits of a mask.
func (w *brokenWeights) halves(b []byte, exponent uint16) {
	for n := 0; len(b) >= 2; b, n = b[2:], n+1 {
		if binary.LittleEndian.Uint16(b)&exponent == exponent {
			w.add(n)
		}
	}
}

// varints is halves of packed varints.
func (w *brokenWeights) varints(b []byte, exponent uint64) {
	for n := 0; len(b) > 0; n++ {
		v, size := protowire.ConsumeVarint(b)
		if size < 0 {
			return // ONNX Runtime refuses it
		}
		if b = b[size:]; v&exponent == exponent {
			w.add(n)
		}
	}
}

// weightErrors names the initializers that hold NaN or infinity.
func (f *onnxFile) weightErrors() (errs []error) {
	for i, w := range f.broken {
		if i == maxNamed {
			return append(errs, fmt.Errorf("and %d more weights that are not numbers", len(f.broken)-i))
		}
		errs = append(errs, fmt.Errorf("weights %q hold NaN or infinity (%d values, the first is number %d): the training that made them "+
			"has diverged: train again from an earlier checkpoint", w.name, w.count, w.first))
	}
	return errs
}
