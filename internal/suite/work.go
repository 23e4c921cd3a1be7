package suite

import (
	"context"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/fusiond/fusiond/sim/world"
)

// runner does the work of a run.
type runner struct {
	*Options
	store  *store
	print  string // of what makes recordings
	bodies *world.Bodies

	mu          sync.Mutex
	outcomes    map[string]*outcome    // by key
	making      map[string]*sync.Mutex // by recording
	done, total int
}

// job is a drive under some orders, and the subsets of sensors to fuse it with.
type job struct {
	take, clean *take
	subsets     []subset
}

// Costs of progress: simulating a drive, and degrading real pictures, takes about as long as fusing it ten times.
const (
	costSim  = 10
	costLay  = 1
	costUnit = 1
)

// work makes recordings and outcomes that are not there: clean drives first, then one drive alone with the clock running, then the rest.
func (r *runner) work(ctx context.Context, parts []*part) error {
	var clean, rest []*job
	for _, p := range parts {
		for _, j := range p.jobs {
			if j.take == j.clean {
				clean = append(clean, j)
			} else {
				rest = append(rest, j)
			}
			r.total += j.cost()
		}
	}
	if err := r.each(ctx, clean, max(1, r.Workers/max(1, len(clean)))); err != nil {
		return err
	}
	if r.Clock != nil && len(clean) > 0 {
		j := clean[0]
		if err := r.unit(ctx, j, r.timedKey(j), j.subsets[0], r.Clock, 1); err != nil {
			return err
		}
	}
	return r.each(ctx, rest, 1)
}

// each does jobs, as many at once as there are workers; a simulation among them has simWorkers of its own.
func (r *runner) each(ctx context.Context, jobs []*job, simWorkers int) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(r.Workers)
	for _, j := range jobs {
		group.Go(func() error {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			return r.job(ctx, j, simWorkers)
		})
	}
	return group.Wait()
}

func (j *job) cost() int {
	n := len(j.subsets) * costUnit
	switch {
	case j.take.native != j.take.source.real(): // simulated, or laid over real pictures
		n += costSim
	default:
		n += costLay
	}
	return n
}

// job makes the outcomes of a drive that are not there.
func (r *runner) job(ctx context.Context, j *job, simWorkers int) error {
	var data []byte
	for _, s := range j.subsets {
		key := r.key(j, s)
		o, err := r.known(key)
		if err != nil {
			return err
		}
		if o == nil {
			if data == nil {
				if data, err = r.recording(ctx, j, simWorkers); err != nil {
					return err
				}
			}
			if o, err = r.make(ctx, j, data, key, s, nil); err != nil {
				return err
			}
		}
		r.keep(key, o)
		r.progress(costUnit, j)
	}
	r.progress(j.cost()-len(j.subsets)*costUnit, j)
	return nil
}

// unit makes one outcome, if it is not there.
func (r *runner) unit(ctx context.Context, j *job, key string, s subset, clock func() int64, simWorkers int) error {
	o, err := r.known(key)
	if err == nil && o == nil {
		var data []byte
		if data, err = r.recording(ctx, j, simWorkers); err == nil {
			o, err = r.make(ctx, j, data, key, s, clock)
		}
	}
	if err != nil {
		return err
	}
	r.keep(key, o)
	return nil
}

// key names an outcome by everything that it depends on.
func (r *runner) key(j *job, s subset) string {
	o := r.Engine(j.take.source.rig)
	return hashOf("outcome", j.take.key, s.String(), o.Package.Hash, o.Strategy, fmt.Sprint(o.Network.Provider, o.Decode), r.Program)
}

func (r *runner) timedKey(j *job) string { return hashOf("timed", r.key(j, j.subsets[0])) }

// known is an outcome of an earlier run, nil if there is none.
func (r *runner) known(key string) (*outcome, error) {
	data, err := r.store.get("outcomes", key)
	if data == nil || err != nil {
		return nil, err
	}
	o, err := unpack(data)
	if err != nil {
		r.Log.Warn("cache file is made again", "file", r.store.path("outcomes", key), "reason", err)
		return nil, nil
	}
	return o, nil
}

func (r *runner) make(ctx context.Context, j *job, data []byte, key string, s subset, clock func() int64) (*outcome, error) {
	o, err := process(ctx, data, j.take, s, r.Engine, clock)
	if err != nil {
		return nil, err
	}
	packed, err := pack(o)
	if err != nil {
		return nil, fmt.Errorf("keep an outcome of %s: %w", j.take.source.name, err)
	}
	return o, r.store.put("outcomes", key, packed)
}

func (r *runner) keep(key string, o *outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.outcomes[key] = o
}

func (r *runner) progress(cost int, j *job) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done += cost
	r.Progress(r.done, r.total, j.take.source.name)
}

// recording returns a job's drive. What is laid over a simulated one is made anew each time: that takes less time than the disk is worth. Over
// real pictures, which are large, it takes ten times as long, and is kept.
func (r *runner) recording(ctx context.Context, j *job, simWorkers int) ([]byte, error) {
	if j.take.native {
		return r.native(ctx, j.take, simWorkers)
	}
	lay := func() ([]byte, error) {
		clean, err := r.native(ctx, j.clean, simWorkers)
		if err != nil {
			return nil, err
		}
		return j.take.lay(ctx, clean, simWorkers)
	}
	if !j.take.source.real() {
		return lay()
	}
	return r.cached(j.take, lay)
}

// native returns a take that is not laid over another.
func (r *runner) native(ctx context.Context, t *take, simWorkers int) ([]byte, error) {
	return r.cached(t, func() ([]byte, error) { return t.record(ctx, simWorkers, r.bodies) })
}

// cached returns a take's recording from the cache, or makes it. Workers that want the same one wait for each other.
func (r *runner) cached(t *take, record func() ([]byte, error)) ([]byte, error) {
	r.mu.Lock()
	lock := r.making[t.key]
	if lock == nil {
		lock = &sync.Mutex{}
		r.making[t.key] = lock
	}
	r.mu.Unlock()
	lock.Lock()
	defer lock.Unlock()
	data, err := r.store.get("recordings", t.key)
	if err != nil || data != nil {
		return data, err
	}
	if data, err = record(); err != nil {
		return nil, err
	}
	return data, r.store.put("recordings", t.key, data)
}
