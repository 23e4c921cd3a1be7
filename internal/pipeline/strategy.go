package pipeline

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/fusiond/fusiond/fusion"
	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/sensors"
)

// Changing the strategy while the Engine runs takes two steps, so that opening a network holds up no set: OpenStrategy on any goroutine,
// then UseStrategy on the Engine's, between two events.

// ChangeSchema is the type of a strategy change among the messages of a recording.
var ChangeSchema = string((*fusionv1.StrategyChange)(nil).ProtoReflect().Descriptor().FullName())

// OpenStrategy opens a fuser of the package for UseStrategy, and what it needs beside it; nothing that runs changes. An error names what
// the package has. It may be called from any goroutine, one call at a time, and not during Close; the caller closes the strategy if
// UseStrategy does not get it.
//
// Foreign members of the strategy late are opened by the first call for it and stay open until the Engine is closed.
func (e *Engine) OpenStrategy(name string) (fusion.Strategy, error) {
	if e.opt.Capture != nil {
		return nil, errors.New("open strategy " + name + ": an engine that captures inputs fuses nothing: leave Options.Capture out")
	}
	network := e.opt.Network
	network.Threads = max(1, network.Threads) * 2
	s, err := fusion.NewStrategy(e.opt.Runtime, e.opt.Package, name, network)
	if err != nil {
		return nil, err
	}
	if err := e.openMembers(name); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// UseStrategy makes an opened strategy fuse the sets that close after the event time at, and returns the name of the one before, which
// is closed when the last set that it has to fuse is out. Tracks, ids, mode and alignment go on. The Engine owns s from now on.
func (e *Engine) UseStrategy(at sensors.StampNs, s fusion.Strategy) (previous string) {
	e.advance(at)
	previous, e.strategy = e.strategy, s.Name()
	e.fuse.queue <- fuseItem{strategy: s}
	return previous
}

// Strategy is the name of the one that fuses the sets that close from now on.
func (e *Engine) Strategy() string { return e.strategy }

// change applies a recorded strategy change.
func (e *Engine) change(at sensors.StampNs, data []byte) error {
	var c fusionv1.StrategyChange
	if err := proto.Unmarshal(data, &c); err != nil {
		return fmt.Errorf("read strategy change received at %d: %w", int64(at), err)
	}
	s, err := e.OpenStrategy(c.Strategy)
	if err != nil {
		return fmt.Errorf("apply strategy change received at %d: %w", int64(at), err)
	}
	e.UseStrategy(at, s)
	return nil
}

// use replaces the strategy between two sets.
func (f *fuser) use(s fusion.Strategy) {
	old := f.strategy
	f.strategy = s
	if err := old.Close(); err != nil {
		f.engine.opt.Log.Error("close strategy", "strategy", old.Name(), "error", err)
	}
}

// looks tells whether the samples that arrive now are for a strategy that takes foreign members.
func (e *Engine) looks() bool {
	return e.strategy == fusion.LateStrategy && len(e.stage.members.detectors) > 0
}
