//go:build cgo

package onnx

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	ort "github.com/yalue/onnxruntime_go"
)

// Session is one network, ready to run. Its goroutine ("onnx session NAME", started by NewSession, stopped
// by Close) is locked to its OS thread and makes every call into the network. Safe for concurrent use.
type Session struct {
	rt              *Runtime
	name            string
	provider        Provider
	providerOptions map[ProviderKind]map[string]string
	inputs, outputs []TensorInfo

	// slot holds one token, owned by the caller whose work is on the thread. Waiting callers are served in
	// order of arrival. It guards closed and the fields below it up to done.
	slot    chan struct{}
	closed  bool
	job     job
	work    chan struct{} // closed by Close: the goroutine frees the network and ends
	done    chan error    // the goroutine's answer to work
	ended   sync.WaitGroup
	freeErr error // valid once ended

	// Used on the session's thread only.
	network   *ort.DynamicAdvancedSession
	binding   *ort.IoBinding
	allocator *ort.Allocator

	memory        string // of the device, as in handle.memory
	deviceTensors atomic.Int64

	copierMu sync.Mutex
	copiers  map[ElementType]*Session // nil once closed
}

// NewSession loads a network from ONNX bytes (which it does not keep) and prepares it to run. A provider
// named in opts must work: otherwise the error says what is missing and how to get it. With Auto the first
// provider that works is used.
func (rt *Runtime) NewSession(model []byte, opts SessionOptions) (*Session, error) {
	if opts.Name == "" {
		opts.Name = "onnx session"
	}
	var errs []error
	for _, p := range opts.Provider.candidates() {
		s, err := rt.newSession(model, p, opts)
		if err == nil {
			return s, nil
		}
		errs = append(errs, err)
	}
	// Of several candidates the last, the CPU, failed because of the model: the others' reasons are noise.
	return nil, fmt.Errorf("%s: load network: %w", opts.Name, errs[len(errs)-1])
}

// newSession is NewSession for one provider.
func (rt *Runtime) newSession(model []byte, p Provider, opts SessionOptions) (*Session, error) {
	if err := rt.use(); err != nil {
		return nil, err
	}
	if err := rt.missingFiles(p); err != nil {
		rt.unuse()
		return nil, err
	}
	s := &Session{
		rt: rt, name: opts.Name, provider: p, providerOptions: opts.ProviderOptions,
		slot: make(chan struct{}, 1), work: make(chan struct{}), done: make(chan error),
		copiers: map[ElementType]*Session{},
	}
	s.ended.Go(func() { s.loop(model, opts) })
	if err := <-s.done; err != nil {
		s.ended.Wait()
		rt.unuse()
		return nil, err
	}
	return s, nil
}

// Provider returns the provider that runs the network; never Auto.
func (s *Session) Provider() Provider { return s.provider }

// Inputs returns the inputs in the order of Run's arguments; the caller must not change them.
func (s *Session) Inputs() []TensorInfo { return s.inputs }

// Outputs returns the outputs in the order of Run's arguments; the caller must not change them.
func (s *Session) Outputs() []TensorInfo { return s.outputs }

// Close waits for the runs that wait or work, frees the network and ends the session's goroutine. It fails
// and leaves the session open while device tensors of it are open. Closing twice is allowed.
func (s *Session) Close() error {
	s.slot <- struct{}{}
	defer func() { <-s.slot }()
	if s.closed {
		return nil
	}
	if n := s.deviceTensors.Load(); n > 0 {
		return fmt.Errorf("%s: close: %d device tensors are still open: close them first", s.name, n)
	}
	s.closed = true
	var errs []error
	s.copierMu.Lock()
	for _, c := range s.copiers {
		errs = append(errs, c.Close())
	}
	s.copiers = nil
	s.copierMu.Unlock()
	close(s.work)
	s.ended.Wait()
	s.rt.unuse()
	if err := errors.Join(append(errs, s.freeErr)...); err != nil {
		return fmt.Errorf("%s: close: %w", s.name, err)
	}
	return nil
}

// loop is the session's goroutine. It answers on done: first whether the network could be made, then once
// per work.
func (s *Session) loop(model []byte, opts SessionOptions) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := s.open(model, opts); err != nil {
		s.done <- errors.Join(err, s.free())
		return
	}
	s.done <- nil
	for range s.work {
		s.done <- s.job.do(s)
	}
	s.freeErr = s.free()
}

// open makes the network, its binding and its allocator.
func (s *Session) open(model []byte, opts SessionOptions) error {
	if err := s.describe(model, opts); err != nil {
		return err
	}
	o, err := sessionOptions(opts)
	if err != nil {
		return err
	}
	defer func() { _ = o.Destroy() }() // only fails on options that were never made
	if err := s.rt.appendProvider(o, s.provider, opts.ProviderOptions[s.provider.Kind]); err != nil {
		return s.rt.explain(s.provider, err)
	}
	if s.network, err = ort.NewDynamicAdvancedSessionWithONNXData(model, nil, nil, o); err != nil {
		return s.rt.explain(s.provider, err)
	}
	if s.binding, err = s.network.CreateIoBinding(); err != nil {
		return err
	}
	return s.openAllocator()
}

// describe reads the network's inputs and outputs and puts them into the order that opts asks for. It is a
// load of its own on the CPU, so a failure here is the model's fault and not the provider's.
func (s *Session) describe(model []byte, opts SessionOptions) error {
	if len(model) == 0 {
		return errors.New("the model is empty: give the bytes of an ONNX file")
	}
	ins, outs, err := ort.GetInputOutputInfoWithONNXData(model)
	if err != nil {
		return fmt.Errorf("not a usable ONNX network: %w: export it again, or check the file's hash", err)
	}
	have, err := tensorInfos(ins)
	if err != nil {
		return err
	}
	if s.inputs, err = pick("input", have, opts.Inputs, true); err != nil {
		return err
	}
	if have, err = tensorInfos(outs); err != nil {
		return err
	}
	s.outputs, err = pick("output", have, opts.Outputs, false)
	return err
}

// free releases what open made, in reverse order. It runs on the session's thread.
func (s *Session) free() error {
	var errs []error
	if s.allocator != nil {
		errs = append(errs, s.allocator.Destroy())
	}
	if s.binding != nil {
		errs = append(errs, s.binding.Destroy())
	}
	if s.network != nil {
		errs = append(errs, s.network.Destroy())
	}
	return errors.Join(errs...)
}

// sessionOptions translates opts, except for the provider.
func sessionOptions(opts SessionOptions) (*ort.SessionOptions, error) {
	o, err := ort.NewSessionOptions()
	if err != nil {
		return nil, err
	}
	err = errors.Join(
		o.SetIntraOpNumThreads(max(opts.IntraOpThreads, 1)),
		o.SetInterOpNumThreads(1),
		o.SetExecutionMode(ort.ExecutionModeSequential),
		o.SetGraphOptimizationLevel(ort.GraphOptimizationLevelEnableAll),
		// A spinning pool burns 10 ms of CPU per run of a tiny network every 10 ms, and halves the speed
		// of two sessions on two cores.
		o.AddSessionConfigEntry("session.intra_op.allow_spinning", "0"),
		o.AddSessionConfigEntry("session.inter_op.allow_spinning", "0"),
	)
	if err != nil {
		return nil, errors.Join(err, o.Destroy())
	}
	return o, nil
}

// tensorInfos translates the library's description; anything but tensors is refused.
func tensorInfos(in []ort.InputOutputInfo) ([]TensorInfo, error) {
	out := make([]TensorInfo, len(in))
	for i, t := range in {
		if t.OrtValueType != ort.ONNXTypeTensor {
			return nil, fmt.Errorf("%q is a %s: only tensors are supported", t.Name, t.OrtValueType)
		}
		out[i] = TensorInfo{Name: t.Name, Shape: t.Dimensions, Type: elementTypeFromONNX(int(t.DataType))}
	}
	return out, nil
}
