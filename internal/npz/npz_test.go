package npz

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// written returns the bytes of a file that write fills.
func written(t testing.TB, write func(w *Writer) error) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.npz")
	w, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(write(w), w.Close()); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path) //nolint:gosec // the test's own file
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func everyFormat(w *Writer) error {
	return errors.Join(
		Write(w, "uint8", []uint8{0, 1, 255}, 3),
		Write(w, "int8", []int8{-128, 0, 127, 5}, 2, 2),
		Write(w, "int32", []int32{math.MinInt32, math.MaxInt32}, 1, 2, 1),
		Write(w, "int64", []int64{math.MinInt64, math.MaxInt64, 3}, 3),
		Write(w, "float32", []float32{0, math.MaxFloat32, math.SmallestNonzeroFloat32, float32(math.Inf(-1)), 1.5, 2}, 2, 3),
		Write(w, "scalar", []float32{7}),
		Write(w, "empty", []float32{}, 0, 4),
	)
}

func check[T Element](t *testing.T, f *File, name string, want []T, wantShape ...int) {
	t.Helper()
	got, shape, err := Read[T](f, name)
	if err != nil || !slices.Equal(got, want) || !slices.Equal(shape, wantShape) {
		t.Errorf("%s: got %v of shape %v (error %v), want %v of shape %v", name, got, shape, err, want, wantShape)
	}
}

func TestRoundTrip(t *testing.T) {
	f, err := Open(written(t, everyFormat))
	if err != nil {
		t.Fatal(err)
	}
	check(t, f, "uint8", []uint8{0, 1, 255}, 3)
	check(t, f, "int8", []int8{-128, 0, 127, 5}, 2, 2)
	check(t, f, "int32", []int32{math.MinInt32, math.MaxInt32}, 1, 2, 1)
	check(t, f, "int64", []int64{math.MinInt64, math.MaxInt64, 3}, 3)
	check(t, f, "float32", []float32{0, math.MaxFloat32, math.SmallestNonzeroFloat32, float32(math.Inf(-1)), 1.5, 2}, 2, 3)
	check(t, f, "scalar", []float32{7})
	check(t, f, "empty", []float32{}, 0, 4)
	if want := []string{"empty", "float32", "int32", "int64", "int8", "scalar", "uint8"}; !slices.Equal(f.Names(), want) {
		t.Errorf("names %v, want %v", f.Names(), want)
	}
	if _, _, err := Read[float32](f, "other"); err == nil || !strings.Contains(err.Error(), "read array other: the file has no such array") {
		t.Errorf("an array that is not there: error %v", err)
	}
}

// TestSameBytes: files of the same arrays are equal, whenever they are written.
func TestSameBytes(t *testing.T) {
	if a, b := written(t, everyFormat), written(t, everyFormat); !bytes.Equal(a, b) {
		t.Error("two files of the same arrays differ")
	}
}

// TestWriteHalf reads the bits of halves against values of IEEE 754's binary16.
func TestWriteHalf(t *testing.T) {
	tests := []struct {
		name  string
		value float32
		want  uint16
	}{
		{"zero", 0, 0},
		{"minus zero", float32(math.Copysign(0, -1)), 0x8000},
		{"one", 1, 0x3c00},
		{"minus two", -2, 0xc000},
		{"largest", 65504, 0x7bff},
		{"too large", 65536, 0x7c00},
		{"infinity", float32(math.Inf(1)), 0x7c00},
		{"towards zero", 1 + 0.99/1024, 0x3c00},
		{"next", 1 + 1.0/1024, 0x3c01},
		{"smallest normal", 1.0 / (1 << 14), 0x0400},
		{"subnormal", 1.0 / (1 << 15), 0},
	}
	var values []float32
	for _, tt := range tests {
		values = append(values, tt.value)
	}
	data := written(t, func(w *Writer) error { return WriteHalf(w, "half", values, len(values)) })
	raw := unzip(t, data, "half.npy")
	if !bytes.Contains(raw, []byte("'<f2'")) {
		t.Fatalf("header %q, want number format <f2", raw[:min(len(raw), 64)])
	}
	raw = raw[len(raw)-2*len(values):]
	for i, tt := range tests {
		if got := binary.LittleEndian.Uint16(raw[2*i:]); got != tt.want {
			t.Errorf("%s: %g became %#04x, want %#04x", tt.name, tt.value, got, tt.want)
		}
	}
}

func unzip(t testing.TB, data []byte, name string) []byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	r, err := z.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	_, err = b.ReadFrom(r)
	if err := errors.Join(err, r.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestWriteErrors(t *testing.T) {
	tests := []struct {
		name  string
		n     int
		shape []int
		want  string
	}{
		{"too few", 5, []int{2, 3}, "write array a: 5 values for shape [2 3]"},
		{"negative sides", 6, []int{-2, -3}, "write array a: shape [-2 -3] has a negative side"},
	}
	for _, tt := range tests {
		w, err := Create(filepath.Join(t.TempDir(), "a.npz"))
		if err != nil {
			t.Fatal(err)
		}
		first := Write(w, "a", make([]float32, tt.n), tt.shape...)
		second := Write(w, "b", []float32{1}, 1)
		for _, err := range []error{first, second, w.Close()} {
			if err == nil || err.Error() != tt.want {
				t.Errorf("%s: got error %v, want %q, also from what follows", tt.name, err, tt.want)
			}
		}
	}
	if _, err := Create(filepath.Join(t.TempDir(), "none", "a.npz")); err == nil {
		t.Error("a file in a folder that does not exist was made")
	}
}

// npy puts a header text before numbers, as NumPy's format version 1.
func npy(head string, numbers ...byte) []byte {
	head += "\n"
	out := append([]byte("\x93NUMPY\x01\x00"), byte(len(head)), byte(len(head)>>8))
	return append(append(out, head...), numbers...)
}

const float2 = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }"

// zipped puts one file "a.npy" into an archive, uncompressed and with a right checksum; size is the size that its directory declares.
func zipped(t testing.TB, content []byte, size uint64) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	e, err := w.CreateRaw(&zip.FileHeader{
		Name: "a.npy", Method: zip.Store, CRC32: crc32.ChecksumIEEE(content),
		CompressedSize64: uint64(len(content)), UncompressedSize64: size,
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = e.Write(content)
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestReadRefuses(t *testing.T) {
	shape := func(s string) []byte {
		return npy("{'descr': '<f4', 'fortran_order': False, 'shape': "+s+", }", make([]byte, 8)...)
	}
	good := npy(float2, make([]byte, 8)...)
	version := func(v byte) []byte {
		out := slices.Clone(good)
		out[6] = v
		return out
	}
	tests := []struct {
		name    string
		content []byte
		want    string
	}{
		{"empty", nil, "header: unexpected EOF"},
		{"wrong magic", []byte("PK\x03\x04 this is no array"), `starts with "PK\x03\x04 t": not a NumPy array`},
		{"version 9", version(9), "format version 9, want 1 to 3"},
		{"header longer than the file", npy(float2)[:30], "header: unexpected EOF"},
		{"header of 4 GiB", append([]byte("\x93NUMPY\x02\x00\xff\xff\xff\xff"), good...), "header of 4294967295 bytes is over the limit of 10000"},
		{"other format", npy(strings.Replace(float2, "<f4", "<f8", 1), make([]byte, 16)...), `holds numbers of format "<f8", want "<f4": save it as float32`},
		{"big-endian", npy(strings.Replace(float2, "<f4", ">f4", 1), make([]byte, 8)...), `format ">f4", want "<f4"`},
		{"objects", npy(strings.Replace(float2, "<f4", "|O", 1), []byte("cos\nsystem\n")...), `format "|O", want "<f4"`},
		{"structured", npy("{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (2,), }"), "structured arrays are not read"},
		{"Fortran order", npy(strings.Replace(float2, "False", "True", 1), make([]byte, 8)...), "Fortran order: save it in C order"},
		{"2^60 elements", shape("(1152921504606846976,)"), "is over the limit of 268435456 bytes"},
		{"2^64 elements by product", shape("(4294967296, 4294967296)"), "is over the limit of 268435456 bytes"},
		{"side over 64 bit", shape("(99999999999999999999,)"), "want at most 64 dimensions"},
		{"negative side", shape("(-2,)"), "want at most 64 dimensions"},
		{"65 dimensions", shape("(" + strings.Repeat("1,", 65) + ")"), "want at most 64 dimensions"},
		{"open tuple", shape("(2; 3)"), "want )"},
		{"no tuple", shape("2"), "want ("},
		{"no braces", npy("'descr'"), "want {"},
		{"open string", npy("{'descr': '<f4"), "want a closing quote"},
		{"no string", npy("{'descr': 4}"), "want a string"},
		{"order of another kind", npy("{'fortran_order': 0}"), "want False"},
		{"unknown key", npy("{'dtype': '<f4'}"), "want one of the keys descr, fortran_order and shape"},
		{"key twice", npy("{'descr': '<f4', 'descr': '<f4'}"), `key "descr" is given twice`},
		{"key missing", npy("{'descr': '<f4', 'shape': (2,), }"), `key "fortran_order" is missing`},
		{"text after", npy(float2 + "x"), "want nothing after the dictionary"},
		{"header cut before its line ends", npy(float2)[:len(npy(float2))-1], "header: unexpected EOF"},
		{"truncated numbers", npy(float2, make([]byte, 7)...), "want 76 for shape [2]: the file is damaged"},
		{"numbers after the last", npy(float2, make([]byte, 9)...), "want 76 for shape [2]: the file is damaged"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, err := Open(zipped(t, tt.content, uint64(len(tt.content))))
			if err != nil {
				t.Fatal(err)
			}
			data, _, err := Read[float32](f, "a")
			if err == nil || !strings.HasPrefix(err.Error(), "read array a: ") || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v and error %v, want one of array a with %q", data, err, tt.want)
			}
		})
	}
	f, err := Open(zipped(t, good, uint64(len(good))))
	if err != nil {
		t.Fatal(err)
	}
	check(t, f, "a", []float32{0, 0}, 2) // what the cases above change one thing of is readable
}

// TestDeclaredSize: the directory's sizes are not believed.
func TestDeclaredSize(t *testing.T) {
	big := npy("{'descr': '<f4', 'fortran_order': False, 'shape': (60000000,), }", make([]byte, 8)...)
	full := uint64(len(big) - 8 + 240_000_000)
	tests := []struct {
		name string
		size uint64
		want string
	}{
		{"within the limit but impossible", full, "cannot come out of"},
		{"over the limit", 1 << 40, "over the limit of 268435456"},
		{"less than there is", uint64(len(big)) - 3, "for shape [60000000]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, err := Open(zipped(t, big, tt.size))
			if err != nil {
				t.Fatal(err)
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, _, err = Read[float32](f, "a")
			runtime.ReadMemStats(&after)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got error %v, want %q", err, tt.want)
			}
			if got := after.TotalAlloc - before.TotalAlloc; got > 1<<20 {
				t.Errorf("%d bytes were allocated for a file of %d", got, len(big))
			}
		})
	}
}

// TestDamage cuts a file at every byte, and flips bits all over it: an error or the same numbers, never a panic.
func TestDamage(t *testing.T) {
	want := []float32{1, 2, 3, 4, 5, 6}
	whole := written(t, func(w *Writer) error { return Write(w, "a", want, 2, 3) })
	for n := range whole {
		if f, err := Open(whole[:n]); err == nil {
			if data, _, err := Read[float32](f, "a"); err == nil {
				t.Errorf("cut to %d of %d bytes it still gave %v", n, len(whole), data)
			}
		}
	}
	refused := 0
	for at := range whole {
		damaged := slices.Clone(whole)
		damaged[at] ^= 0x55
		f, err := Open(damaged)
		if err != nil {
			refused++
			continue
		}
		data, _, err := Read[float32](f, "a")
		if err != nil {
			refused++
		} else if !slices.Equal(data, want) {
			t.Errorf("byte %d flipped: got %v, want %v or an error", at, data, want)
		}
	}
	if refused < len(whole)/2 {
		t.Errorf("%d of %d flipped bytes were noticed", refused, len(whole))
	}
}

func TestDuplicateName(t *testing.T) {
	data := written(t, func(w *Writer) error { return errors.Join(Write(w, "a", []uint8{1}, 1), Write(w, "a", []uint8{2}, 1)) })
	if _, err := Open(data); err == nil || !strings.Contains(err.Error(), `array "a" is there twice`) {
		t.Errorf("got error %v, want one that names the array", err)
	}
}

func FuzzReadNPZ(f *testing.F) {
	f.Add(written(f, everyFormat))
	f.Add(zipped(f, npy(float2, make([]byte, 8)...), 76))
	f.Add(zipped(f, npy("{'shape': (1152921504606846976,), 'fortran_order': True, 'descr': \"|O\"}"), 87))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Open(data)
		if err != nil {
			return
		}
		for _, name := range file.Names() {
			fuzzRead[uint8](t, file, name)
			fuzzRead[int8](t, file, name)
			fuzzRead[int32](t, file, name)
			fuzzRead[int64](t, file, name)
			fuzzRead[float32](t, file, name)
		}
	})
}

// FuzzHeader reaches the header's parser, which the checksums of archives keep from a fuzzer of whole files.
func FuzzHeader(f *testing.F) {
	f.Add(npy(float2))
	f.Add(npy(`{"shape": (), 'fortran_order': True, 'descr': "|O"}`))
	f.Add([]byte("\x93NUMPY\x03\x00\x02\x00\x00\x00{}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := readHeader(bytes.NewReader(data))
		if err != nil {
			return
		}
		if h.size > len(data) || len(h.shape) > maxDims {
			t.Errorf("header %+v from %d bytes", h, len(data))
		}
		if n, err := count(h.shape, 4); err == nil && (n < 0 || n > maxArrayBytes/4) {
			t.Errorf("shape %v holds %d elements", h.shape, n)
		}
	})
}

func fuzzRead[T Element](t *testing.T, f *File, name string) {
	data, shape, err := Read[T](f, name)
	if err != nil {
		return
	}
	product := 1
	for _, d := range shape {
		product *= d
	}
	if product != len(data) || uint64(len(data)) > maxRatio*(f.size+1) {
		t.Errorf("array %q of shape %v gave %d values from %d bytes", name, shape, len(data), f.size)
	}
}

func BenchmarkRead(b *testing.B) {
	data := written(b, func(w *Writer) error { return Write(w, "a", make([]float32, 1<<20), 1<<20) })
	f, err := Open(data)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(4 << 20)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := Read[float32](f, "a"); err != nil {
			b.Fatal(err)
		}
	}
}
