//go:build cgo

package onnx

import "testing"

// BenchmarkRun is the cost of a call: hand-over to the session's thread, binding, and a network of almost
// no work.
func BenchmarkRun(b *testing.B) {
	rt := openRuntime(b)
	s := newSession(b, rt, "add.onnx", cpu)
	a := newTensor(b, []float32{1, 2, 3}, 1, 3)
	in, out := []Value{a, a}, []Value{newTensor[float32](b, nil, 1, 3)}
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Run(ctx, in, out); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRunOnThread is BenchmarkRun without the hand-over between goroutines.
func BenchmarkRunOnThread(b *testing.B) {
	rt := openRuntime(b)
	s := newSession(b, rt, "add.onnx", cpu)
	a := newTensor(b, []float32{1, 2, 3}, 1, 3)
	in, out := []Value{a, a}, []Value{newTensor[float32](b, nil, 1, 3)}
	b.ReportAllocs()
	err := s.do(b.Context(), func() error {
		for b.Loop() {
			if err := s.runBound(in, out); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}

// BenchmarkNewSession is loading and freeing a tiny network.
func BenchmarkNewSession(b *testing.B) {
	rt := openRuntime(b)
	model := readModel(b, "conv_relu.onnx")
	b.ReportAllocs()
	for b.Loop() {
		s, err := rt.NewSession(model, cpu)
		if err != nil {
			b.Fatal(err)
		}
		mustClose(b, s)
	}
}
