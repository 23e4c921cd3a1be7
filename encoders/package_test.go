package encoders

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestLoadShipped(t *testing.T) {
	p, err := LoadPackage(copyShipped(t).dir)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := p.BEV(), (Grid{51.2, 64, 128, 48}); got != want {
		t.Errorf("grid %+v, want %+v", got, want)
	}
	if len(p.Hash) != 64 || p.Label() != p.Name+" "+p.Version+" "+p.Hash[:12] {
		t.Errorf("hash %q and label %q", p.Hash, p.Label())
	}
	if len(p.File("lidar.onnx")) == 0 || p.File("manifest.yaml") != nil {
		t.Error("want the bytes of lidar.onnx and none of the manifest")
	}
	// What training reads before a package exists must be what the package says.
	bare := TriBEV()
	narrow := TriBEV()
	narrow.Grid.Channels = 16
	if Fingerprint(p) != Fingerprint(bare) || Fingerprint(narrow) != Fingerprint(p) {
		t.Errorf("inputs of the package %s, of a narrower network %s, want %s", Fingerprint(p), Fingerprint(narrow), Fingerprint(bare))
	}
	if got, want := bare.Encoders.Camera.Input.Shape, p.Encoders.Camera.Input.Shape; !slices.Equal(got, want) {
		t.Errorf("TriBEV's picture has shape %v, the package's %v", got, want)
	}
	if bare.BEV() != p.BEV() || strings.Join(bare.Classes, " ") != strings.Join(p.Classes, " ") ||
		bare.Encoders.Lidar.Raster != p.Encoders.Lidar.Raster || bare.Encoders.Radar.Raster != p.Encoders.Radar.Raster ||
		bare.Encoders.Camera.Depth != p.Encoders.Camera.Depth || bare.Encoders.Camera.Lift != p.Encoders.Camera.Lift ||
		bare.Encoders.Camera.View != p.Encoders.Camera.View || bare.Encoders.Camera.Stride != p.Encoders.Camera.Stride {
		t.Errorf("TriBEV differs from the shipped package: %+v, want %+v", bare.Encoders, p.Encoders)
	}
}

// TestLoadPackageRefuses changes one thing of the shipped package; every text of want must be in the error.
func TestLoadPackageRefuses(t *testing.T) {
	tests := []struct {
		name   string
		change func(f folder)
		want   []string
	}{
		{"no manifest", func(f folder) { f.remove("manifest.yaml") }, []string{"load model package", "manifest.yaml", "name a folder that holds manifest.yaml"}},
		{"manifest of 100 MB", func(f folder) {
			f.put("manifest.yaml", nil)
			if err := os.Truncate(filepath.Join(f.dir, "manifest.yaml"), 100<<20); err != nil {
				f.t.Fatal(err)
			}
		}, []string{"manifest.yaml has 104857600 bytes, over the limit of 65536"}},
		{"manifest is a folder", func(f folder) {
			f.remove("manifest.yaml")
			if err := os.Mkdir(filepath.Join(f.dir, "manifest.yaml"), 0o700); err != nil {
				f.t.Fatal(err)
			}
		}, []string{"manifest.yaml is a d---------, want a plain file"}},
		{"missing file", func(f folder) { f.remove("radar.onnx") }, []string{"radar.onnx: no such file", "fetch the package again"}},
		{"changed file", func(f folder) { f.put("golden.npz", []byte("changed")) }, []string{"file golden.npz has SHA-256 ", ", manifest says ", "fetch the package again"}},
		{"not ONNX", func(f folder) { f.putHashed("lidar.onnx", []byte("this is text")) }, []string{"lidar.onnx: not an ONNX network: "}},
		{"empty ONNX", func(f folder) { f.putHashed("lidar.onnx", nil) }, []string{"lidar.onnx: not an ONNX network: no network in it"}},
		{"truncated ONNX", func(f folder) {
			data := f.read("camera.onnx")
			f.putHashed("camera.onnx", data[:len(data)/2])
		}, []string{"camera.onnx: not an ONNX network: unexpected EOF"}},
		{"another network's file", func(f folder) { f.putHashed("lidar.onnx", f.read("radar.onnx")) }, []string{
			"lidar.onnx: input raster has shape [1 6 128 128] of data type 1, manifest says [1 11 256 256] of 1",
		}},
		{"input's name", func(f folder) { f.edit("name: raster", "name: picture") }, []string{
			`lidar.onnx: has no input "picture", which the manifest names`, `lidar.onnx: has an input "raster", which the manifest does not name`,
		}},
		{"output's name", func(f folder) { f.edit("name: table", "name: tabel") }, []string{
			`camera.onnx: has no output "tabel"`, `camera.onnx: has an output "table"`,
		}},
		{"fuser's input name", func(f folder) { f.edit("name: cam_present", "name: cameras") }, []string{
			`fusers.attention.inputs[5]: named "cameras", want "cam_present"`, `fuser-attention.onnx: has no input "cameras"`,
		}},
		{"fuser lacks an input", func(f folder) { f.edit("    - name: age\n      shape: [1, 3]\n", "") }, []string{
			"fusers.attention.inputs: 8 given, want 9", `fuser-attention.onnx: has an input "age"`,
		}},
		{"class left out", func(f folder) { f.edit("- barrier\n", "") }, []string{
			`fusers.late.weights.lidar: "barrier" is none of the classes`, `fusers.late.weights.camera: "barrier"`,
		}},
		{"class left out in the shapes too", func(f folder) { f.edit("- barrier\n", ""); f.editAll("[1, 10, 128, 128]", "[1, 9, 128, 128]") }, []string{
			"fuser-attention.onnx: output heat has shape [1 10 128 128] of data type 1, manifest says [1 9 128 128] of 1",
			"fuser-early.onnx: output heat",
		}},
		{"class twice", func(f folder) { f.edit("- barrier\n", "- car\n") }, []string{`classes[9] "car" is empty or given twice`}},
		{"grid of other cells", func(f folder) { f.edit("token_cells: 64", "token_cells: 32") }, []string{
			"encoders.lidar.output: shape [1 48 64 64], want [1 48 32 32] from grid and rasters",
			"encoders.radar.output: shape", "fusers.attention.inputs[0]: shape", "fusers.early.outputs[3]: shape",
		}},
		{"heads between tokens", func(f folder) { f.edit("head_cells: 128", "head_cells: 100") }, []string{"grid.head_cells is 100, want a multiple of token_cells 64"}},
		{"other opset", func(f folder) { f.edit("opset: 17", "opset: 18") }, []string{
			"lidar.onnx: opset is 17, manifest says 18", "radar.onnx: opset", "camera.onnx: opset", "fuser-attention.onnx: opset", "fuser-early.onnx: opset",
		}},
		{"name leaves the folder", func(f folder) { f.editAll("golden.npz", "../../golden.npz") }, []string{`files: "../../golden.npz" is not a plain file name`}},
		{"absolute name", func(f folder) { f.editAll("lidar.onnx", "/etc/passwd") }, []string{`files: "/etc/passwd" is not a plain file name`}},
		{"file without hash", func(f folder) { f.edit("file: lidar.onnx", "file: other.onnx") }, []string{`encoders.lidar.file: "other.onnx" has no hash under files`}},
		{"no fusers", func(f folder) {
			m := string(f.read("manifest.yaml"))
			f.put("manifest.yaml", []byte(m[:strings.Index(m, "fusers:")]+m[strings.Index(m, "golden:"):]))
		}, []string{"fusers: none given"}},
		{"weights that are no numbers", func(f folder) {
			data := f.read("lidar.onnx")
			spoilWeights(f.t, data)
			f.putHashed("lidar.onnx", data)
		}, []string{"lidar.onnx: weights \"", "hold NaN or infinity (1 values, the first is number 1)", "train again from an earlier checkpoint"}},
		{"inputs of other encoders", func(f folder) {
			f.edit("inputs_sha256: "+Fingerprint(TriBEV()), "inputs_sha256: abcd")
		}, []string{"inputs_sha256 is abcd, this program's encoders make ", "trained on tensors from another encoder version: use the fusiond that belongs to the package"}},
		{"faults of every kind at once", func(f folder) {
			f.edit("schema: fusiond.model/1", "schema: fusiond.model/9")
			f.edit("horizon: 0.42", "horizon: 42")
			f.edit("opset: 17", "opset: 18")
			f.edit("file: camera.onnx", "file: kamera.onnx")
			f.remove("golden.npz")
			f.put("radar.onnx", []byte("text"))
		}, []string{
			`schema is "fusiond.model/9", want "fusiond.model/1"`, "encoders.camera.view.horizon is 42, want inside 0..1",
			`encoders.camera.file: "kamera.onnx" has no hash`, "golden.npz: no such file", "file radar.onnx has SHA-256",
			"radar.onnx: not an ONNX network", "lidar.onnx: opset is 17, manifest says 18",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := copyShipped(t)
			tt.change(f)
			_, err := LoadPackage(f.dir)
			if err == nil {
				t.Fatalf("the package was taken, want it refused with %q", tt.want)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %q\nwant %q in it", err, want)
				}
			}
			for line := range strings.Lines(err.Error()) {
				if !strings.Contains(line, f.dir) {
					t.Errorf("line %q does not name the package %s", line, f.dir)
				}
			}
		})
	}
}

// spoilWeights makes the second value of every initializer of float32 NaN, in place.
func spoilWeights(t testing.TB, data []byte) {
	t.Helper()
	spoiled := 0
	err := protoFields(data, func(n int, _ uint64, graph []byte) error {
		if n != modelGraph {
			return nil
		}
		return protoFields(graph, func(n int, _ uint64, weights []byte) error {
			if n != graphInitializer {
				return nil
			}
			float := false
			return protoFields(weights, func(n int, v uint64, b []byte) error {
				float = float || n == weightsType && v == onnxFloat
				if n == weightsRaw && float && len(b) >= 8 {
					copy(b[4:8], le(float32(math.NaN())))
					spoiled++
				}
				return nil
			})
		})
	})
	if err != nil || spoiled == 0 {
		t.Fatalf("%d weights spoiled, error %v", spoiled, err)
	}
}

// TestParseManifestRefuses changes one line of the shipped manifest.
func TestParseManifestRefuses(t *testing.T) {
	whole, err := os.ReadFile(filepath.Join(shipped, "manifest.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, from, to, want string }{
		{"unknown key", "  channels: 48", "  chanels: 48", "[12:3] unknown field \"chanels\""},
		{"wrong type", "opset: 17", "opset: many", "[6:8]"},
		{"key twice", "opset: 17", "opset: 17\nopset: 18", "[7:1]"},
		{"no name", "name: tribev", "name: ''", "name and version must be given"},
		{"range not a number", "range_m: 51.2", "range_m: .nan", "grid.range_m is NaN, want 0 < range <= 500"},
		{"range infinite", "range_m: 51.2", "range_m: .inf", "grid.range_m is +Inf"},
		{"range negative", "range_m: 51.2", "range_m: -51.2", "grid.range_m is -51.2"},
		{"no tokens", "token_cells: 64", "token_cells: 0", "grid.token_cells is 0, want 1..1024"},
		{"channels", "channels: 48", "channels: 100000", "grid.channels is 100000, want 1..1024"},
		{"slices", "slices: 8", "slices: 33", "cells 256 and slices 33, want 1..2048 and 1..32"},
		{"height not a number", "z_max_m: 3.8", "z_max_m: .nan", "z_min_m -1 and z_max_m NaN, want an interval"},
		{"height infinite", "z_max_m: 3.8", "z_max_m: .inf", "z_min_m -1 and z_max_m +Inf, want an interval"},
		{"heights swapped", "z_max_m: 3.8", "z_max_m: -3.8", "z_min_m -1 and z_max_m -3.8, want an interval"},
		{"lift height not a number", "height_m: 0.8", "height_m: .nan", "encoders.camera.lift.height_m is NaN"},
		{"taps", "taps: 4", "taps: 8", "encoders.camera.lift.taps is 8, want 4"},
		{"depth bins", "bins: 32", "bins: 128", "encoders.camera.depth: 128 bins over 2..90 m, want 1..127 bins"},
		{"depth from zero", "min_m: 2.0", "min_m: 0", "32 bins over 0..90 m"},
		{"depth infinite", "max_m: 90.0", "max_m: .inf", "32 bins over 2..+Inf m"},
		{"focal length", "focal_px: 128.0", "focal_px: 0", "encoders.camera.depth.focal_px is 0, want the reference focal length"},
		{"horizon not a number", "horizon: 0.42", "horizon: .nan", "horizon is NaN, want inside 0..1"},
		{"slots", "slots: 6", "slots: 65", "encoders.camera.slots is 65, want 1..64"},
		{"stride", "stride: 8", "stride: 7", "encoders.camera.stride is 7, want a divisor"},
		{"stride zero", "stride: 8", "stride: 0", "encoders.camera.stride is 0, want a divisor"},
		{"gray picture", "[1, 3, 96, 256]", "[1, 1, 96, 256]", "encoders.camera.input.shape is [1 1 96 256], want [1, 3, height, width]"},
		{"table's rows", "[1, 1024, 48]", "[1, 1000, 48]", "encoders.camera.output: shape [1 1000 48], want [1 1024 48]"},
		{"radar channels", "[1, 6, 128, 128]", "[1, 5, 128, 128]", "encoders.radar.input: shape [1 5 128 128], want [1 6 128 128]"},
		{"figure not a number", "figures:", "figures:\n- {data: x, value: .nan}", "figures[0].value is NaN, want a number"},
		{"tensor of 4 GiB", "token_cells: 64\n  head_cells: 128\n  channels: 48", "token_cells: 1024\n  head_cells: 2048\n  channels: 1024", "over the limit of 134217728 values"},
		{"too long", "opset: 17", "opset: 17 #" + strings.Repeat("x", 1<<16), "are over the limit of 65536"},
		{"too many classes", "- barrier", "- barrier" + strings.Repeat("\n- x", 64), "classes: 74 given, want 1..64"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if !bytes.Contains(whole, []byte(tt.from)) {
				t.Fatalf("the manifest holds no %q", tt.from)
			}
			_, err := ParseManifest(bytes.Replace(whole, []byte(tt.from), []byte(tt.to), 1), "m.yaml")
			if err == nil || !strings.HasPrefix(err.Error(), "model manifest m.yaml: ") || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v\nwant an error of m.yaml with %q", err, tt.want)
			}
		})
	}
}

func TestIsPlain(t *testing.T) {
	for name, want := range map[string]bool{
		"lidar.onnx": true, "..onnx": true, "": false, ".": false, "..": false, "../x": false, "a/b": false, "/x": false, "x/": false,
		"manifest.yaml": false, // it cannot hold its own hash
	} {
		if got := isPlain(name); got != want {
			t.Errorf("%q: got %t, want %t", name, got, want)
		}
	}
}

func FuzzParseManifest(f *testing.F) {
	whole, err := os.ReadFile(filepath.Join(shipped, "manifest.yaml"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := ParseManifest(data, "m.yaml")
		if err != nil {
			return
		}
		if m.Grid.TokenCells <= 0 || !(m.Grid.RangeM > 0) || len(m.Fusers) == 0 || m.Encoders.Camera.Rows() <= 0 {
			t.Errorf("a manifest was taken that says %+v", m)
		}
	})
}
