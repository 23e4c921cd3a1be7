package encoders

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"

	"github.com/goccy/go-yaml"

	"github.com/fusiond/fusiond/internal/yamlguard"
)

// ManifestName is the file of a package that says what the others are.
const ManifestName = "manifest.yaml"

// ManifestSchema is the value of a manifest's schema key that this version reads.
const ManifestSchema = "fusiond.model/1"

// Manifest is a model package's manifest.yaml: everything that serving must agree on with training.
type Manifest struct {
	Schema      string     `yaml:"schema"`
	Name        string     `yaml:"name"`
	Version     string     `yaml:"version"`
	Licence     string     `yaml:"licence"`
	Description string     `yaml:"description"`
	Opset       int        `yaml:"opset"`
	Grid        GridSpec   `yaml:"grid"`
	Classes     []string   `yaml:"classes"`
	Encoders    EncoderSet `yaml:"encoders"`
	// Fusers by strategy name ("attention", "early", ...).
	Fusers map[string]FuserSpec `yaml:"fusers"`
	// Members are foreign detectors that take part in the fuser "late".
	Members []MemberSpec `yaml:"members"`
	// InputsSHA256 is the Fingerprint of the encoders whose tensors the package was trained on; empty in packages from before there was one.
	InputsSHA256 string `yaml:"inputs_sha256"`
	// Golden is the file of stored inputs and outputs that `fusiond model verify` compares.
	Golden string `yaml:"golden"`
	// Files holds the SHA-256 of every file of the package but the manifest.
	Files    map[string]string `yaml:"files"`
	Training map[string]any    `yaml:"training"`
	Figures  []Figure          `yaml:"figures"`
}

// GridSpec is the manifest's grid.
type GridSpec struct {
	RangeM     float64 `yaml:"range_m"`
	TokenCells int     `yaml:"token_cells"`
	HeadCells  int     `yaml:"head_cells"`
	Channels   int     `yaml:"channels"`
}

// EncoderSet holds one encoder a modality.
type EncoderSet struct {
	Lidar  LidarSpec  `yaml:"lidar"`
	Radar  RadarSpec  `yaml:"radar"`
	Camera CameraSpec `yaml:"camera"`
}

// TensorSpec names an input or output and its fixed shape.
type TensorSpec struct {
	Name  string  `yaml:"name"`
	Shape []int64 `yaml:"shape"`
}

// Network is what every encoder states: its file, whether its weights were trained, and its one input and output.
type Network struct {
	File string `yaml:"file"`
	// Trained is false for an encoder whose weights are random: its modality is then masked and reported as disabled.
	Trained bool       `yaml:"trained"`
	Input   TensorSpec `yaml:"input"`
	Output  TensorSpec `yaml:"output"`
}

// LidarSpec of the lidar encoder; see LidarRaster.
type LidarSpec struct {
	Network `yaml:",inline"`
	Raster  struct {
		Cells  int     `yaml:"cells"`
		ZMinM  float64 `yaml:"z_min_m"`
		ZMaxM  float64 `yaml:"z_max_m"`
		Slices int     `yaml:"slices"`
	} `yaml:"raster"`
}

// RadarSpec of the radar encoder; see RadarRaster.
type RadarSpec struct {
	Network `yaml:",inline"`
	Raster  struct {
		Cells int `yaml:"cells"`
	} `yaml:"raster"`
}

// CameraSpec of the camera encoder; see LiftTable.
type CameraSpec struct {
	Network `yaml:",inline"`
	View    struct {
		// Horizon is where the horizontal direction lies in the picture, as a share of its height from the top.
		Horizon float64 `yaml:"horizon"`
	} `yaml:"view"`
	Depth  DepthSpec `yaml:"depth"`
	Stride int       `yaml:"stride"`
	Lift   struct {
		Taps    int     `yaml:"taps"`
		HeightM float64 `yaml:"height_m"`
	} `yaml:"lift"`
	// Slots is the number of cameras that the fuser takes.
	Slots int `yaml:"slots"`
}

// DepthSpec divides depth along the optical axis into bins, evenly spaced in its logarithm. A picture alone tells depth only up to the focal
// length: the same car fills as many pixels at twice the distance through a lens twice as long. So the bins stand for the depth at which a
// lens of FocalPx would show the same, and the lifting table, which knows the lens, does the rest.
type DepthSpec struct {
	Bins int     `yaml:"bins"`
	MinM float64 `yaml:"min_m"`
	MaxM float64 `yaml:"max_m"`
	// FocalPx is the reference focal length, in pixels of the network's picture.
	FocalPx float64 `yaml:"focal_px"`
}

// Place is where a depth of z metres, seen through a lens of fx pixels in the network's picture, lies among the bins: bin b reaches from b
// to b + 1. False if it is outside of them.
func (d *DepthSpec) Place(z, fx float64) (bin float64, inside bool) {
	z *= d.FocalPx / fx
	if !(z > d.MinM && z < d.MaxM) {
		return 0, false
	}
	return math.Log(z/d.MinM) / math.Log(d.MaxM/d.MinM) * float64(d.Bins), true
}

// Height and Width of the network's picture, pixels.
func (c *CameraSpec) Height() int { return int(c.Input.Shape[2]) }

// Width of the network's picture, pixels.
func (c *CameraSpec) Width() int { return int(c.Input.Shape[3]) }

// Columns is the number of image columns in the polar table.
func (c *CameraSpec) Columns() int { return c.Width() / c.Stride }

// Rows is the number of rows of one camera's polar table.
func (c *CameraSpec) Rows() int { return c.Columns() * c.Depth.Bins }

// FuserSpec of one strategy.
type FuserSpec struct {
	File    string       `yaml:"file"`
	Inputs  []TensorSpec `yaml:"inputs"`
	Outputs []TensorSpec `yaml:"outputs"`
	// Weights and RangeM belong to the strategy "late" alone: how far a member's word counts, by member (lidar, radar, camera, or a name of
	// Members) and class, one number for each range bin, and the bins' upper ends, m. What is farther counts as in the last bin.
	Weights map[string]map[string][]float64 `yaml:"weights"`
	RangeM  []float64                       `yaml:"range_m"`
}

// Figure is one measured figure and how it was measured.
type Figure struct {
	Data    string  `yaml:"data"`
	Sensors string  `yaml:"sensors"`
	Metric  string  `yaml:"metric"`
	Value   float64 `yaml:"value"`
	Command string  `yaml:"command"`
	Remark  string  `yaml:"remark"`
}

// ParseManifest reads a manifest strictly: unknown keys, wrong types (the first of these, with its line), missing parts and
// contradictions (all of them) are errors. name is used in messages.
func ParseManifest(data []byte, name string) (*Manifest, error) {
	m, errs := parseManifest(data, name)
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return m, nil
}

// parseManifest is ParseManifest that returns the manifest also when something in it is wrong; nil if it cannot be read at all.
func parseManifest(data []byte, name string) (*Manifest, []error) {
	if len(data) > maxManifest {
		return nil, []error{fmt.Errorf("model manifest %s: %d bytes are over the limit of %d: fetch the package again", name, len(data), maxManifest)}
	}
	if err := yamlguard.Check(data); err != nil {
		return nil, []error{fmt.Errorf("model manifest %s: %w", name, err)}
	}
	m := &Manifest{}
	if err := yaml.UnmarshalWithOptions(data, m, yaml.Strict()); err != nil {
		return nil, []error{fmt.Errorf("model manifest %s: %w", name, err)} // the parser's message names line and column
	}
	errs := m.check()
	for i, err := range errs {
		errs[i] = fmt.Errorf("model manifest %s: %w: correct it, or fetch the package again", name, err)
	}
	return m, errs
}

// BEV returns the manifest's grid.
func (m *Manifest) BEV() Grid {
	return Grid{RangeM: m.Grid.RangeM, Tokens: m.Grid.TokenCells, Heads: m.Grid.HeadCells, Channels: m.Grid.Channels}
}

// check returns everything about the manifest that contradicts itself or what this version can serve.
func (m *Manifest) check() []error {
	var errs []error
	want := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	want(m.Schema == ManifestSchema, "schema is %q, want %q", m.Schema, ManifestSchema)
	want(m.Name != "" && m.Version != "", "name and version must be given")
	g := m.Grid
	want(g.RangeM > 0 && g.RangeM <= 500, "grid.range_m is %g, want 0 < range <= 500", g.RangeM)
	want(g.TokenCells > 0 && g.TokenCells <= 1024, "grid.token_cells is %d, want 1..1024", g.TokenCells)
	want(g.HeadCells > 0 && g.HeadCells <= 2048, "grid.head_cells is %d, want 1..2048", g.HeadCells)
	want(g.TokenCells <= 0 || g.HeadCells%g.TokenCells == 0, "grid.head_cells is %d, want a multiple of token_cells %d",
		g.HeadCells, g.TokenCells)
	want(g.Channels > 0 && g.Channels <= 1024, "grid.channels is %d, want 1..1024", g.Channels)
	want(len(m.Classes) > 0 && len(m.Classes) <= 64, "classes: %d given, want 1..64", len(m.Classes))
	for i, c := range m.Classes {
		want(c != "" && slices.Index(m.Classes, c) == i, "classes[%d] %q is empty or given twice", i, c)
	}
	l, r, c := &m.Encoders.Lidar, &m.Encoders.Radar, &m.Encoders.Camera
	want(l.Raster.Cells > 0 && l.Raster.Cells <= 2048 && l.Raster.Slices > 0 && l.Raster.Slices <= 32,
		"encoders.lidar.raster: cells %d and slices %d, want 1..2048 and 1..32", l.Raster.Cells, l.Raster.Slices)
	want(inReach(l.Raster.ZMinM) && inReach(l.Raster.ZMaxM) && l.Raster.ZMinM < l.Raster.ZMaxM,
		"encoders.lidar.raster: z_min_m %g and z_max_m %g, want an interval of heights", l.Raster.ZMinM, l.Raster.ZMaxM)
	want(r.Raster.Cells > 0 && r.Raster.Cells <= 2048, "encoders.radar.raster.cells is %d, want 1..2048", r.Raster.Cells)
	want(c.Lift.Taps == LiftTaps, "encoders.camera.lift.taps is %d, want %d", c.Lift.Taps, LiftTaps)
	want(inReach(c.Lift.HeightM), "encoders.camera.lift.height_m is %g, want a height", c.Lift.HeightM)
	want(c.Depth.Bins > 0 && c.Depth.Bins <= 127 && c.Depth.MinM > 0 && c.Depth.MinM < c.Depth.MaxM && inReach(c.Depth.MaxM),
		"encoders.camera.depth: %d bins over %g..%g m, want 1..127 bins over an interval above 0",
		c.Depth.Bins, c.Depth.MinM, c.Depth.MaxM)
	want(c.Depth.FocalPx > 0 && c.Depth.FocalPx <= 1e5, "encoders.camera.depth.focal_px is %g, want the reference focal length in pixels",
		c.Depth.FocalPx)
	want(c.View.Horizon > 0 && c.View.Horizon < 1, "encoders.camera.view.horizon is %g, want inside 0..1", c.View.Horizon)
	want(c.Slots > 0 && c.Slots <= 64, "encoders.camera.slots is %d, want 1..64", c.Slots)
	s := c.Input.Shape
	picture := len(s) == 4 && s[0] == 1 && s[1] == 3 && s[2] > 0 && s[3] > 0 && s[2] <= 4096 && s[3] <= 4096
	strides := c.Stride > 0 && picture && s[2]%int64(c.Stride) == 0 && s[3]%int64(c.Stride) == 0
	want(picture, "encoders.camera.input.shape is %v, want [1, 3, height, width]", s)
	want(!picture || strides, "encoders.camera.stride is %d, want a divisor of height and width", c.Stride)
	errs = append(errs, m.checkLate()...)
	errs = append(errs, m.checkMembers()...)
	for i, f := range m.Figures {
		want(!math.IsNaN(f.Value) && !math.IsInf(f.Value, 0), "figures[%d].value is %g, want a number", i, f.Value)
	}
	if len(errs) == 0 { // the shapes are made of these numbers
		errs = append(errs, m.checkShapes()...)
	}
	return append(errs, m.checkFiles()...)
}

// inReach is false for not-a-number and for lengths (m) that are no distance around a vehicle.
func inReach(m float64) bool { return math.Abs(m) <= 1000 }

// maxTensor bounds the values of one tensor: 512 MiB of float32.
const maxTensor = 1 << 27

// checkShapes compares every tensor with what the grid and the rasters imply.
func (m *Manifest) checkShapes() []error {
	var errs []error
	g, e := m.Grid, &m.Encoders
	channels, cells := int64(g.Channels), int64(g.TokenCells)
	lc, rc := int64(e.Lidar.Raster.Cells), int64(e.Radar.Raster.Cells)
	compare := func(where string, got, want []int64) {
		values := 1.0
		for _, d := range want {
			values *= float64(d)
		}
		if values > maxTensor {
			errs = append(errs, fmt.Errorf("%s: shape %v from grid and rasters is over the limit of %d values", where, want, maxTensor))
		}
		if !slices.Equal(got, want) {
			errs = append(errs, fmt.Errorf("%s: shape %v, want %v from grid and rasters", where, got, want))
		}
	}
	tokens := []int64{1, channels, cells, cells}
	compare("encoders.lidar.input", e.Lidar.Input.Shape, []int64{1, int64(e.Lidar.Raster.Slices) + lidarExtra, lc, lc})
	compare("encoders.lidar.output", e.Lidar.Output.Shape, tokens)
	compare("encoders.radar.input", e.Radar.Input.Shape, []int64{1, RadarChannels, rc, rc})
	compare("encoders.radar.output", e.Radar.Output.Shape, tokens)
	compare("encoders.camera.output", e.Camera.Output.Shape, []int64{1, int64(e.Camera.Rows()), channels})
	for _, name := range sortedKeys(m.Fusers) {
		spec := m.Fusers[name]
		for _, side := range []struct {
			kind      string
			got, want []TensorSpec
		}{{"inputs", spec.Inputs, m.FuserInputs()}, {"outputs", spec.Outputs, m.FuserOutputs(name)}} {
			if len(side.got) != len(side.want) {
				errs = append(errs, fmt.Errorf("fusers.%s.%s: %d given, want %d", name, side.kind, len(side.got), len(side.want)))
				continue
			}
			for i, w := range side.want {
				where := fmt.Sprintf("fusers.%s.%s[%d]", name, side.kind, i)
				if side.got[i].Name != w.Name {
					errs = append(errs, fmt.Errorf("%s: named %q, want %q", where, side.got[i].Name, w.Name))
				}
				compare(where, side.got[i].Shape, w.Shape)
			}
		}
	}
	return errs
}

// indexInput is the only tensor of int64; all others are float32.
const indexInput = "index"

// FuserInputs are the names and shapes that every fuser of the package takes, in order.
func (m *Manifest) FuserInputs() []TensorSpec {
	c, n := int64(m.Grid.Channels), int64(m.Grid.TokenCells)
	slots, rows := int64(m.Encoders.Camera.Slots), int64(m.Encoders.Camera.Rows())
	return []TensorSpec{
		{"lidar", []int64{1, c, n, n}},
		{"radar", []int64{1, c, n, n}},
		{"table", []int64{1, slots, rows, c}},
		{indexInput, []int64{1, n * n, LiftTaps}},
		{"weight", []int64{1, n * n, LiftTaps}},
		{"cam_present", []int64{1, slots}},
		{"present", []int64{1, 3}},
		{"reliability", []int64{1, 3}},
		{"age", []int64{1, 3}},
	}
}

// BoxChannels is the depth of a fuser's regression output: dx, dy (cells), z (m), log length, log width, log height
// (log m), sin and cos of the yaw, vx, vy (m/s).
const BoxChannels = 10

// FuserOutputs are the names and shapes that the fuser of a strategy gives, in order: heat (probability a class), reg, mass (mean
// attention a modality) and attention a cell. The late fuser gives heat and reg of lidar, radar and camera one by one.
func (m *Manifest) FuserOutputs(strategy string) []TensorSpec {
	h, n, heads := int64(m.Grid.HeadCells), int64(m.Grid.TokenCells), int64(1)
	if strategy == LateFuser {
		heads = int64(len(lateModalities))
	}
	return []TensorSpec{
		{"heat", []int64{heads, int64(len(m.Classes)), h, h}},
		{"reg", []int64{heads, BoxChannels, h, h}},
		{"mass", []int64{1, 3}},
		{"attention", []int64{1, 3, n, n}},
	}
}

// packageNetwork is one network file of a package with what the manifest says of its inputs and outputs.
type packageNetwork struct {
	field, file     string // where the manifest names the file
	inputs, outputs []TensorSpec
	fuser           bool
}

// networks lists the encoders and then the fusers by name.
func (m *Manifest) networks() []packageNetwork {
	var out []packageNetwork
	e := &m.Encoders
	for _, n := range []struct {
		name string
		net  *Network
	}{{"lidar", &e.Lidar.Network}, {"radar", &e.Radar.Network}, {"camera", &e.Camera.Network}} {
		out = append(out, packageNetwork{
			"encoders." + n.name + ".file", n.net.File, []TensorSpec{n.net.Input}, []TensorSpec{n.net.Output}, false,
		})
	}
	for _, name := range sortedKeys(m.Fusers) {
		f := m.Fusers[name]
		out = append(out, packageNetwork{"fusers." + name + ".file", f.File, f.Inputs, f.Outputs, true})
	}
	return out
}

// checkFiles wants every file named to be hashed, to be a plain name, and at least one fuser.
func (m *Manifest) checkFiles() []error {
	var errs []error
	named := append(m.networks(), packageNetwork{field: "golden", file: m.Golden})
	for _, n := range named {
		if _, ok := m.Files[n.file]; !ok {
			errs = append(errs, fmt.Errorf("%s: %q has no hash under files", n.field, n.file))
		}
	}
	for _, f := range sortedKeys(m.Files) {
		if !isPlain(f) {
			errs = append(errs, fmt.Errorf("files: %q is not a plain file name", f))
		}
	}
	if len(m.Fusers) == 0 {
		errs = append(errs, errors.New("fusers: none given"))
	}
	return errs
}

// isPlain tells whether a name stays in the package's folder.
func isPlain(name string) bool {
	return name == filepath.Base(name) && name != "." && name != ".." && name != ManifestName
}
