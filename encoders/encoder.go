package encoders

import (
	"context"
	"errors"
	"fmt"

	"github.com/fusiond/fusiond/internal/onnx"
	"github.com/fusiond/fusiond/sensors"
)

// network is one encoder: its session, its input tensor and the pool of its outputs.
type network struct {
	session *onnx.Session
	input   *onnx.Tensor[float32]
	pool    *Pool
	ins     [1]onnx.Value
	outs    [1]onnx.Value
}

func openEncoder(rt *onnx.Runtime, p *Package, n *Network, o Options) (network, error) {
	s, err := OpenNetwork(rt, p, n.File, []TensorSpec{n.Input}, []TensorSpec{n.Output}, o)
	if err != nil {
		return network{}, err
	}
	input, err := onnx.NewTensor[float32](n.Input.Shape...)
	if err != nil {
		return network{}, errors.Join(err, s.Close())
	}
	e := network{session: s, input: input, pool: NewPool(s, n.Output.Shape)}
	e.ins[0] = input
	return e, nil
}

// run encodes what stands in the input tensor.
func (n *network) run(ctx context.Context) (*Tokens, error) {
	t, err := n.pool.Get()
	if err != nil {
		return nil, err
	}
	n.outs[0] = t.Value
	if err := n.session.Run(ctx, n.ins[:], n.outs[:]); err != nil {
		return nil, errors.Join(err, n.pool.Put(t))
	}
	return t, nil
}

// Provider says what runs the network.
func (n *network) Provider() onnx.Provider { return n.session.Provider() }

// Pool is where the encoder's tokens must be put back.
func (n *network) Pool() *Pool { return n.pool }

// Close frees the session and its tensors.
func (n *network) Close() error {
	return errors.Join(n.pool.Close(), n.session.Close(), n.input.Close())
}

// LidarEncoder turns sweeps into tokens. One goroutine at a time may use it.
type LidarEncoder struct {
	network
	raster *LidarRaster
}

// NewLidarEncoder opens the package's lidar network.
func NewLidarEncoder(rt *onnx.Runtime, p *Package, o Options) (*LidarEncoder, error) {
	n, err := openEncoder(rt, p, &p.Encoders.Lidar.Network, o)
	if err != nil {
		return nil, err
	}
	return &LidarEncoder{network: n, raster: NewLidarRaster(p.BEV(), p.Encoders.Lidar)}, nil
}

// Encode takes the points in the ego frame at the sweep's stamp.
func (e *LidarEncoder) Encode(ctx context.Context, points []sensors.Point) (*Tokens, error) {
	e.raster.Fill(e.input.Data(), points)
	return e.run(ctx)
}

// RadarEncoder turns the detections of all radars into tokens. One goroutine at a time may use it.
type RadarEncoder struct {
	network
	raster *RadarRaster
}

// NewRadarEncoder opens the package's radar network.
func NewRadarEncoder(rt *onnx.Runtime, p *Package, o Options) (*RadarEncoder, error) {
	n, err := openEncoder(rt, p, &p.Encoders.Radar.Network, o)
	if err != nil {
		return nil, err
	}
	return &RadarEncoder{network: n, raster: NewRadarRaster(p.BEV(), p.Encoders.Radar)}, nil
}

// Encode takes the detections in the ego frame at the set's time.
func (e *RadarEncoder) Encode(ctx context.Context, returns []RadarReturn) (*Tokens, error) {
	e.raster.Fill(e.input.Data(), returns)
	return e.run(ctx)
}

// CameraEncoder turns pictures into polar tables. One goroutine at a time may use it.
type CameraEncoder struct{ network }

// NewCameraEncoder opens the package's camera network.
func NewCameraEncoder(rt *onnx.Runtime, p *Package, o Options) (*CameraEncoder, error) {
	n, err := openEncoder(rt, p, &p.Encoders.Camera.Network, o)
	if err != nil {
		return nil, err
	}
	return &CameraEncoder{n}, nil
}

// Encode takes the network's picture, planar RGB [3, height, width].
func (e *CameraEncoder) Encode(ctx context.Context, picture []uint8) (*Tokens, error) {
	in := e.input.Data()
	if len(picture) != len(in) {
		return nil, fmt.Errorf("encode camera picture: %d values, want %d: make it with the model's view", len(picture), len(in))
	}
	for i, v := range picture {
		in[i] = float32(v)
	}
	return e.run(ctx)
}
