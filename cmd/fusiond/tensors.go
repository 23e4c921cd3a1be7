package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"

	"gonum.org/v1/gonum/spatial/r3"

	"github.com/fusiond/fusiond/encoders"
	"github.com/fusiond/fusiond/internal/npz"
	"github.com/fusiond/fusiond/internal/pipeline"
	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/replay"
	"github.com/fusiond/fusiond/sensors"
	timesync "github.com/fusiond/fusiond/sync"
)

type tensorsCmd struct {
	File string `arg:"" help:"Recording with ground truth (MCAP)." type:"existingfile"`
	Out  string `required:"" help:"Folder to write; files in it are overwritten." type:"path"`
	Rig  string `help:"Rig file; default: the recording's own." type:"path"`
}

// tensorSchema names the layout of a tensor folder.
const tensorSchema = "fusiond.tensors/2"

// tensorIndex is the folder's index.json.
type tensorIndex struct {
	Schema          string `json:"schema"`
	Recording       string `json:"recording"`
	RecordingSHA256 string `json:"recording_sha256"`
	RigSHA256       string `json:"rig_sha256"`
	// InputsSHA256 tells by which encoders the arrays were made.
	InputsSHA256 string      `json:"inputs_sha256"`
	Classes      []string    `json:"classes"`
	Modalities   []string    `json:"modalities"`
	Sets         []tensorSet `json:"sets"`
}

type tensorSet struct {
	File  string `json:"file"`
	Stamp int64  `json:"stamp"`
	Kind  string `json:"kind"`
	Set   uint64 `json:"set"`
}

// Run implements the verb.
func (c *tensorsCmd) Run(ctx context.Context) (err error) {
	r, rig, truth, err := openWithTruth(c.File, c.Rig)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	info, err := replay.Info(ctx, c.File)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.Out, 0o755); err != nil { //nolint:gosec // data for others to read
		return err
	}
	pack := encoders.TriBEV()
	w := &tensorWriter{dir: c.Out, pack: pack, truth: truth, index: tensorIndex{
		Schema: tensorSchema, Recording: filepath.Base(c.File), RecordingSHA256: info.SHA256, RigSHA256: rig.Hash(), InputsSHA256: encoders.Fingerprint(pack),
		Classes: pack.Classes, Modalities: []string{"lidar", "radar", "camera"},
	}}
	e, err := pipeline.New(pipeline.Options{
		Rig: rig, Package: pack, Align: timesync.ConfigFromRig(rig), Capture: w.put, Sink: func(pipeline.Output) {},
	})
	if err != nil {
		return err
	}
	progress, finish := eventBar(r, "tensors")
	err = pipeline.Process(ctx, r, e, pipeline.ProcessOptions{Progress: progress})
	finish()
	if err := errors.Join(err, e.Close(), w.err); err != nil {
		return err
	}
	data, err := json.MarshalIndent(w.index, "", " ")
	if err != nil {
		return err
	}
	// The index is written last: a folder without one is not finished.
	if err := os.WriteFile(filepath.Join(c.Out, "index.json"), append(data, '\n'), 0o644); err != nil { //nolint:gosec // as above
		return err
	}
	_, err = fmt.Printf("%s: %d sets with ground truth, %d without left out\n", c.Out, len(w.index.Sets), w.without)
	return err
}

// tensorWriter writes one npz file a set.
type tensorWriter struct {
	dir     string
	pack    *encoders.Package
	truth   *pipeline.Truth
	index   tensorIndex
	name    func(n int) string // of file n; nil: set-000000.npz and on
	without int
	err     error
}

func (w *tensorWriter) put(c *pipeline.Capture) {
	if w.err != nil {
		return
	}
	frame := w.truth.At(c.Stamp)
	if frame == nil {
		w.without++
		return
	}
	kind := "reference"
	if c.Manifest.Kind == fusionv1.SetKind_SET_KIND_VIRTUAL {
		kind = "virtual"
	}
	name := fmt.Sprintf("set-%06d.npz", len(w.index.Sets))
	if w.name != nil {
		name = w.name(len(w.index.Sets))
	}
	set := tensorSet{name, int64(c.Stamp), kind, c.Manifest.SetId}
	if err := w.write(filepath.Join(w.dir, set.File), c, frame); err != nil {
		w.err = fmt.Errorf("write tensors of set %d: %w", set.Set, err)
		return
	}
	w.index.Sets = append(w.index.Sets, set)
}

func (w *tensorWriter) write(path string, c *pipeline.Capture, frame *fusionv1.TruthFrame) (err error) {
	out, err := npz.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	spec := &w.pack.Encoders
	slots, h, width := spec.Camera.Slots, spec.Camera.Height(), spec.Camera.Width()
	rows, cols := h/spec.Camera.Stride, width/spec.Camera.Stride
	lidar := orZero(c.LidarRaster, (spec.Lidar.Raster.Slices+3)*spec.Lidar.Raster.Cells*spec.Lidar.Raster.Cells)
	radar := orZero(c.RadarRaster, encoders.RadarChannels*spec.Radar.Raster.Cells*spec.Radar.Raster.Cells)
	images, depth := make([]uint8, slots*3*h*width), make([]int8, slots*rows*cols)
	cameras, present := make([]uint8, slots), []uint8{flag(c.LidarRaster != nil), flag(c.RadarRaster != nil), 0}
	for i := range depth {
		depth[i] = -1
	}
	for slot, picture := range c.Pictures {
		if picture == nil {
			continue
		}
		cameras[slot], present[2] = 1, 1
		copy(images[slot*3*h*width:], picture)
		encoders.DepthTarget(depth[slot*rows*cols:(slot+1)*rows*cols], spec.Camera, c.Cameras[slot].View,
			c.Cameras[slot].CameraFromEgo, c.Points)
	}
	index := make([]int32, len(c.Lift.Index))
	for i, v := range c.Lift.Index {
		index[i] = int32(v) //nolint:gosec // rows of six tables
	}
	age := []float32{float32(c.AgeS[0]), float32(c.AgeS[1]), float32(c.AgeS[2])}
	reliability := []float32{float32(c.Reliability[0]), float32(c.Reliability[1]), float32(c.Reliability[2])}
	boxes, points := w.boxes(c, frame)
	cells := w.pack.Grid.TokenCells * w.pack.Grid.TokenCells
	lc, rc := spec.Lidar.Raster.Cells, spec.Radar.Raster.Cells
	return errors.Join(
		npz.WriteHalf(out, "lidar_raster", lidar, spec.Lidar.Raster.Slices+3, lc, lc),
		npz.WriteHalf(out, "radar_raster", radar, encoders.RadarChannels, rc, rc),
		npz.Write(out, "images", images, slots, 3, h, width),
		npz.Write(out, "lift_index", index, cells, encoders.LiftTaps),
		npz.Write(out, "lift_weight", c.Lift.Weight, cells, encoders.LiftTaps),
		npz.Write(out, "cam_present", cameras, slots),
		npz.Write(out, "present", present, 3),
		npz.Write(out, "age", age, 3),
		npz.Write(out, "reliability", reliability, 3),
		npz.Write(out, "depth", depth, slots, rows, cols),
		npz.Write(out, "boxes", boxes, len(points), 10),
		npz.Write(out, "box_points", points, len(points)),
	)
}

// boxes are the annotated objects of the model's classes in the ego frame at the set's time: class, x, y, z, l, w, h, yaw, vx, vy.
func (w *tensorWriter) boxes(c *pipeline.Capture, frame *fusionv1.TruthFrame) (boxes []float32, points []int32) {
	classes := map[string]int{}
	for i, name := range w.pack.Classes {
		classes[name] = i
	}
	setFromFrame := sensors.Identity
	if p, ok := sensors.PoseFromProto(frame.LocalFromEgo); ok && frame.Header.GetStamp() != int64(c.Stamp) {
		setFromFrame = c.LocalFromEgo.Inverse().Mul(p)
	}
	for _, o := range frame.Objects {
		class, ok := classes[o.Class]
		if !ok {
			continue
		}
		p := setFromFrame.Apply(r3.Vec{X: o.Center.GetX(), Y: o.Center.GetY(), Z: o.Center.GetZ()})
		vx, vy := math.NaN(), math.NaN()
		if o.Velocity != nil {
			v := setFromFrame.Rotate(r3.Vec{X: o.Velocity.X, Y: o.Velocity.Y})
			vx, vy = v.X, v.Y
		}
		for _, v := range []float64{
			float64(class), p.X, p.Y, p.Z, o.Size.GetX(), o.Size.GetY(), o.Size.GetZ(), o.Yaw + setFromFrame.Yaw(), vx, vy,
		} {
			boxes = append(boxes, float32(v))
		}
		points = append(points, int32(pipeline.TruthPoints(o))) //nolint:gosec // of one sweep and a few scans
	}
	return boxes, points
}

func orZero(v []float32, n int) []float32 {
	if v == nil {
		return make([]float32, n)
	}
	return v
}

func flag(b bool) uint8 {
	if b {
		return 1
	}
	return 0
}
