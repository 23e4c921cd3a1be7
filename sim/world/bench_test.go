package world

import (
	"testing"
	"time"
)

// BenchmarkNew is a world of ten seconds with its geometry, from a stock of bodies that are made.
func BenchmarkNew(b *testing.B) {
	for _, kind := range Kinds {
		b.Run(string(kind), func(b *testing.B) {
			b.ReportAllocs()
			spec, stock := Defaults(kind), NewBodies()
			mustMake := func(seed uint64) *World {
				w, err := NewFrom(stock, seed, spec, 10*time.Second)
				if err != nil {
					b.Fatal(err)
				}
				return w
			}
			for i := range 8 { // fills the stock
				mustMake(uint64(i)) //nolint:gosec // counts up from 0
			}
			b.ResetTimer()
			for i := range b.N {
				w := mustMake(uint64(i % 8)) //nolint:gosec // counts up from 0
				b.ReportMetric(float64(w.Static().Triangles()), "triangles")
				b.ReportMetric(float64(len(w.Actors())), "actors")
			}
		})
	}
}

// BenchmarkAt asks a moving actor for its state.
func BenchmarkAt(b *testing.B) {
	b.ReportAllocs()
	w := mustNew(b, 1, Defaults(Street), 10*time.Second)
	b.ResetTimer()
	for i := range b.N {
		for k := range w.Actors() {
			_ = w.Actors()[k].At(time.Duration(i%10000) * time.Millisecond)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(w.Actors())), "ns/actor")
}
