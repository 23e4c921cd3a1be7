package pipeline

import (
	"slices"

	"github.com/fusiond/fusiond/fusion"
	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/sensors"
)

// Debug takes bird's-eye maps of what the fuser saw. The Engine's fuse goroutine calls both methods; neither may wait.
type Debug interface {
	// Wanted tells whether a map should be made now: nothing is made otherwise.
	Wanted(name string) bool
	// Put takes a map that was wanted, and owns it.
	Put(*fusionv1.BevMap)
}

// debugMap is one map that can be asked for: a plane of the fuser's output.
type debugMap struct {
	name  string
	cells int // a side
	plane int
	of    func(*fusion.Output) []float32
}

// debugMaps lists attention.<modality>, the fuser's attention a token cell, and heat.<class>, the probability that a cell of the heads
// holds the centre of an object of the class.
func (e *Engine) debugMaps() (maps []debugMap) {
	grid := e.opt.Package.BEV()
	for m := sensors.Modality(0); m < sensors.NumFused; m++ {
		maps = append(maps, debugMap{"attention." + m.String(), grid.Tokens, int(m), func(o *fusion.Output) []float32 { return o.Attention }})
	}
	for i, class := range e.opt.Package.Classes {
		maps = append(maps, debugMap{"heat." + class, grid.Heads, i, func(o *fusion.Output) []float32 { return o.Heat }})
	}
	return maps
}

// sendDebug makes the maps of a set that are wanted.
func (f *fuser) sendDebug(p *plan, out *fusion.Output) {
	sink := f.engine.opt.Debug
	if sink == nil || out == nil {
		return
	}
	for i := range f.maps {
		m := &f.maps[i]
		if !sink.Wanted(m.name) {
			continue
		}
		n := m.cells * m.cells
		sink.Put(&fusionv1.BevMap{
			Header: &fusionv1.Header{Stamp: int64(p.stamp), Sensor: "fusion"}, SetId: p.manifest.SetId, Name: m.name,
			Rows: uint32(m.cells), Cols: uint32(m.cells), //nolint:gosec // a grid's side
			CellM:  float32(2 * f.engine.opt.Package.BEV().RangeM / float64(m.cells)),
			Values: slices.Clone(m.of(out)[m.plane*n : (m.plane+1)*n]),
		})
	}
}
