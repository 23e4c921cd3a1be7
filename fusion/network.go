package fusion

import (
	"context"
	"errors"
	"fmt"

	"github.com/fusiond/fusiond/encoders"
	"github.com/fusiond/fusiond/internal/onnx"
	"github.com/fusiond/fusiond/sensors"
	timesync "github.com/fusiond/fusiond/sync"
)

// network is a strategy whose fusion is one ONNX network: attention and early are two files behind the same inputs.
type network struct {
	name     string
	grid     encoders.Grid
	session  *onnx.Session
	lidar    *onnx.Tensor[float32] // warped tokens, and the stand-in for absent ones
	radar    *onnx.Tensor[float32] // stand-in for absent tokens
	table    *onnx.Tensor[float32]
	index    *onnx.Tensor[int64]
	weight   *onnx.Tensor[float32]
	cameras  *onnx.Tensor[float32]
	present  *onnx.Tensor[float32]
	reliable *onnx.Tensor[float32]
	age      *onnx.Tensor[float32]
	outputs  [4]*onnx.Tensor[float32]
	ins      [9]onnx.Value
	outs     [4]onnx.Value
	out      Output
}

var _ Strategy = (*network)(nil)

func newNetwork(rt *onnx.Runtime, p *encoders.Package, name string, spec encoders.FuserSpec, o encoders.Options) (*network, error) {
	s, err := encoders.OpenNetwork(rt, p, spec.File, spec.Inputs, spec.Outputs, o)
	if err != nil {
		return nil, err
	}
	n := &network{name: name, grid: p.BEV(), session: s}
	floats := map[string]**onnx.Tensor[float32]{
		"lidar": &n.lidar, "radar": &n.radar, "table": &n.table, "weight": &n.weight, "cam_present": &n.cameras,
		"present": &n.present, "reliability": &n.reliable, "age": &n.age,
	}
	var errs []error
	for i, in := range spec.Inputs {
		if in.Name == "index" {
			n.index, err = onnx.NewTensor[int64](in.Shape...)
			n.ins[i] = n.index
		} else {
			t := floats[in.Name]
			*t, err = onnx.NewTensor[float32](in.Shape...)
			n.ins[i] = *t
		}
		errs = append(errs, err)
	}
	for i, out := range spec.Outputs {
		n.outputs[i], err = onnx.NewTensor[float32](out.Shape...)
		n.outs[i] = n.outputs[i]
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, errors.Join(fmt.Errorf("fusion strategy %s: %w", name, err), n.Close())
	}
	n.out = Output{
		Heat: n.outputs[0].Data(), Reg: n.outputs[1].Data(), Mass: n.outputs[2].Data(), Attention: n.outputs[3].Data(),
	}
	return n, nil
}

func (n *network) Name() string { return n.name }

func (n *network) Fuse(ctx context.Context, in *Input) (*Output, error) {
	if err := n.fill(ctx, in); err != nil {
		return nil, fmt.Errorf("fuse with %s: %w", n.name, err)
	}
	if err := n.session.Run(ctx, n.ins[:], n.outs[:]); err != nil {
		return nil, err
	}
	return &n.out, nil
}

// fill sets every input. Buffers of absent modalities keep what they held before: the network does not look at them.
func (n *network) fill(ctx context.Context, in *Input) error {
	if len(in.Tables) > len(n.cameras.Data()) {
		return fmt.Errorf("%d camera tables, want at most the model's %d slots", len(in.Tables), len(n.cameras.Data()))
	}
	n.ins[0], n.ins[1] = n.lidar, n.radar
	switch {
	case in.Lidar != nil && in.SetFromSweep != nil:
		src, err := in.Lidar.Host(ctx)
		if err != nil {
			return err
		}
		timesync.Warp(n.lidar.Data(), src, n.grid.Channels, n.grid.Tokens, n.grid.TokenM(), *in.SetFromSweep)
	case in.Lidar != nil:
		n.ins[0] = in.Lidar.Value
	}
	if in.Radar != nil {
		n.ins[1] = in.Radar.Value
	}
	present, slots := in.Present(), n.cameras.Data()
	table := n.table.Data()
	rows := len(table) / len(slots)
	for slot := range slots {
		slots[slot] = 0
		if slot >= len(in.Tables) || in.Tables[slot] == nil {
			continue
		}
		src, err := in.Tables[slot].Host(ctx)
		if err != nil {
			return err
		}
		copy(table[slot*rows:(slot+1)*rows], src)
		slots[slot] = 1
	}
	copy(n.index.Data(), in.Lift.Index)
	copy(n.weight.Data(), in.Lift.Weight)
	for m := range sensors.NumFused {
		n.present.Data()[m] = 0
		if present[m] {
			n.present.Data()[m] = 1
		}
		n.reliable.Data()[m], n.age.Data()[m] = in.Reliability[m], in.AgeS[m]
	}
	return nil
}

// Close frees the session and the tensors.
func (n *network) Close() error {
	var errs []error
	errs = append(errs, n.session.Close())
	for _, t := range append([]*onnx.Tensor[float32]{
		n.lidar, n.radar, n.table, n.weight, n.cameras, n.present, n.reliable, n.age,
	}, n.outputs[:]...) {
		if t != nil {
			errs = append(errs, t.Close())
		}
	}
	if n.index != nil {
		errs = append(errs, n.index.Close())
	}
	return errors.Join(errs...)
}
