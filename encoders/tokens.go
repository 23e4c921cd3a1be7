package encoders

import (
	"context"
	"errors"
	"sync"

	"github.com/fusiond/fusiond/internal/onnx"
)

// Tokens is what an encoder made of one sample: a lidar's or radar's map [1, C, H, W], or a camera's polar table [1, rows, C].
// They stay in the memory of the device that made them until somebody asks for Host.
type Tokens struct {
	// Value is given to the fuser as it is.
	Value onnx.Value
	// ToHost copies a device's tensor; nil when Value is host memory already.
	device *onnx.DeviceTensor
	host   *onnx.Tensor[float32]
	pool   *Pool
	out    bool // guarded by pool.mu: handed out and not yet put back
}

// Host returns the tokens in host memory, valid until they are put back. On a device it copies.
func (t *Tokens) Host(ctx context.Context) ([]float32, error) {
	t.pool.mu.Lock()
	out := t.out
	t.pool.mu.Unlock()
	if !out {
		return nil, errors.New("read tokens: they were put back: read them before Put")
	}
	if t.device != nil {
		if err := t.device.ToHost(ctx, t.host); err != nil {
			return nil, err
		}
	}
	return t.host.Data(), nil
}

func (t *Tokens) close() error {
	var errs []error
	if t.device != nil {
		errs = append(errs, t.device.Close())
	}
	return errors.Join(append(errs, t.host.Close())...)
}

// Pool hands out tokens of one encoder and takes them back, so that encoding allocates nothing in the steady state. It is
// safe for concurrent use.
type Pool struct {
	session *onnx.Session
	shape   []int64
	mu      sync.Mutex
	free    []*Tokens
	closed  bool
}

// NewPool makes a pool for the only output of a session. On a GPU the tokens live on the device.
func NewPool(s *onnx.Session, shape []int64) *Pool { return &Pool{session: s, shape: shape} }

// Get returns tokens with unset content, which must be put back.
func (p *Pool) Get() (*Tokens, error) {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil, errors.New("get tokens: the pool is closed: encode before closing the encoder")
	}
	if n := len(p.free); n > 0 {
		t := p.free[n-1]
		p.free = p.free[:n-1]
		t.out = true
		p.mu.Unlock()
		return t, nil
	}
	p.mu.Unlock()
	host, err := onnx.NewTensor[float32](p.shape...)
	if err != nil {
		return nil, err
	}
	t := &Tokens{Value: host, host: host, pool: p, out: true}
	switch p.session.Provider().Kind {
	case onnx.CUDA, onnx.TensorRT, onnx.WebGPU:
		if t.device, err = p.session.NewDeviceTensor(onnx.Float32, p.shape...); err != nil {
			return nil, errors.Join(err, host.Close())
		}
		t.Value = t.device
	case onnx.Auto, onnx.CPU, onnx.Plugin: // host memory is the device's, or the device's cannot be named
	}
	return t, nil
}

// Put takes tokens back; the caller must not use them any more. Tokens that are put back twice, or that another pool handed out,
// are an error and change nothing: two samples would share one buffer.
func (p *Pool) Put(t *Tokens) error {
	if t.pool != p {
		return errors.New("put tokens back: they are of another pool: put them into the one that handed them out")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !t.out {
		return errors.New("put tokens back: they were put back before: put them back once")
	}
	t.out = false
	if p.closed {
		return t.close()
	}
	p.free = append(p.free, t)
	return nil
}

// Close frees the tokens that were put back; those still out are freed when they come back.
func (p *Pool) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	var errs []error
	for _, t := range p.free {
		errs = append(errs, t.close())
	}
	p.free = nil
	return errors.Join(errs...)
}
