package suite

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"time"

	"github.com/fusiond/fusiond/internal/pipeline"
	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim"
	"github.com/fusiond/fusiond/sim/world"
)

// Options of a run.
type Options struct {
	// Worlds to test on, the first of the committed seeds; 0 = DefaultWorlds.
	Worlds int
	// Quick takes one world, the middle severities and every other visibility.
	Quick bool
	// Drive is a real recording with ground truth that is measured as well, "" for none: its end of RealLength.
	Drive string
	// Cache is the folder of finished units. Runs for other networks use its recordings again.
	Cache string
	// Workers is how many drives are worked on at once; 0 is the number of cores. The report does not depend on it.
	Workers int
	// Engine gives the options of an Engine for a rig: network, strategy, configuration.
	Engine func(*sensors.Rig) pipeline.Options
	// Program names the code that fuses, for example the hash of the executable: outcomes of other programs are not used again.
	Program string
	// Clock gives nanoseconds, for the networks' time; nil: it is not measured.
	Clock func() int64
	// Progress, if set, is told how much of the work is done. Called from several goroutines, one at a time.
	Progress func(done, total int, what string)
	Log      *slog.Logger

	plan  *plan  // of tests; nil: the whole suite
	print string // of tests; "": the fingerprint is made
}

// The drives.
const (
	DefaultWorlds = 4
	// WorldLength and RealLength are how much of a drive goes through the pipeline; what comes after the first half second is scored.
	WorldLength = 2 * time.Second
	RealLength  = 2400 * time.Millisecond
)

// plan says what is driven and what is done to it.
type plan struct {
	seeds  []uint64
	length time.Duration
	// rig that worlds start from, and the size of its pictures.
	rig           string
	width, height int
	// conditions for a rig of these modalities.
	conditions func(fitted []sensors.Modality) []Condition
}

func (o *Options) plans() (*plan, error) {
	if o.plan != nil {
		return o.plan, nil
	}
	seeds, err := TestSeeds()
	if err != nil {
		return nil, err
	}
	n := o.Worlds
	if n == 0 {
		n = DefaultWorlds
		if o.Quick {
			n = 1
		}
	}
	if n < 1 || n > len(seeds.Worlds) {
		return nil, fmt.Errorf("suite of %d worlds: there are %d test worlds: give 1 to %d", n, len(seeds.Worlds), len(seeds.Worlds))
	}
	return &plan{
		seeds: seeds.Worlds[:n], length: WorldLength, rig: "city", width: 320, height: 180,
		conditions: func(fitted []sensors.Modality) []Condition { return conditions(o.Quick, fitted) },
	}, nil
}

// Run does what is not in the cache yet and reports. When ctx is cancelled it returns its error; what is finished stays.
func Run(ctx context.Context, o Options) (*Report, error) {
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Progress == nil {
		o.Progress = func(int, int, string) {}
	}
	p, err := o.plans()
	if err != nil {
		return nil, err
	}
	r := &runner{Options: &o, bodies: world.NewBodies(), outcomes: map[string]*outcome{}, making: map[string]*sync.Mutex{}}
	if r.store, err = newStore(o.Cache, o.Log); err != nil {
		return nil, err
	}
	if r.print = o.print; r.print == "" {
		if r.print, err = fingerprint(ctx, o.Workers); err != nil {
			return nil, err
		}
	}
	parts, err := r.parts(p)
	if err != nil {
		return nil, err
	}
	if err := r.work(ctx, parts); err != nil {
		return nil, err
	}
	return r.report(parts)
}

// parts lists the drives and their tests: the simulated worlds, and the real drive if there is one.
func (r *runner) parts(p *plan) (parts []*part, err error) {
	var worlds, roads []*source
	rig, err := sim.LoadRig(p.rig, ".")
	if err != nil {
		return nil, err
	}
	for i := range rig.Models {
		rig.Models[i].Width, rig.Models[i].Height = p.width, p.height
	}
	for _, seed := range p.seeds {
		s, err := worldSource(seed, rig, p.length)
		if err != nil {
			return nil, err
		}
		worlds = append(worlds, s)
	}
	if r.Drive != "" {
		s, err := realSource(r.Drive, RealLength)
		if err != nil {
			return nil, err
		}
		roads = append(roads, s)
	}
	for _, sources := range [][]*source{worlds, roads} {
		if len(sources) > 0 {
			parts = append(parts, r.newPart(sources, p.conditions))
		}
	}
	return parts, nil
}
