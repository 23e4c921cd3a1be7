package pipeline

import (
	"context"
	"log/slog"
	"runtime"
	"sync/atomic"

	"github.com/fusiond/fusiond/encoders"
	"github.com/fusiond/fusiond/fusion"
	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sensors/condition"
)

// job is the encoding of one sample. It is held by the record of the sample and by each plan that fuses it; the last to
// release it gives the tokens back to their pool.
type job struct {
	refs atomic.Int32
	pool *encoders.Pool
	log  *slog.Logger
	// decode turns the sample into the network's input; encode runs the network on it.
	decode func(context.Context) error
	encode func(context.Context) (*encoders.Tokens, error)

	// decoded is closed when decode has ended, done when encode has. The fields below are written before that.
	decoded, done        chan struct{}
	decodeErr, encodeErr error
	condition            condition.Condition // of the sample, when decode has judged it; an empty sweep is judged and cannot be decoded
	judged               bool
	tokens               *encoders.Tokens
	captured             *captured         // in capture mode only
	sightings            []fusion.Sighting // of a frame, where foreign members look at it
	points               []sensors.Point   // of a sweep, where their boxes are lifted with it; ego frame at its stamp
	decodeNs, encodeNs   int64
	// counted tells that a set has the job's times and error in its account: sets that use the sample again do not. The fuse goroutine's.
	counted bool
}

func newJob(log *slog.Logger) *job {
	j := &job{log: log, decoded: make(chan struct{}), done: make(chan struct{})}
	j.refs.Store(2) // the record's and the worker's
	return j
}

func (j *job) retain() { j.refs.Add(1) }

func (j *job) release() {
	if j.refs.Add(-1) > 0 || j.tokens == nil {
		return
	}
	if err := j.pool.Put(j.tokens); err != nil {
		j.log.Error("free tokens", "error", err)
	}
	j.tokens = nil
}

// run does both halves and never panics.
func (j *job) run(ctx context.Context, clock func() int64) {
	start := clock()
	j.decodeErr = guard("decode", func() error { return j.decode(ctx) })
	middle := clock()
	j.decodeNs = middle - start
	close(j.decoded)
	if j.decodeErr == nil {
		j.encodeErr = guard("encode", func() (err error) {
			j.tokens, err = j.encode(ctx)
			return err
		})
		j.encodeNs = clock() - middle
	}
	close(j.done)
	j.release()
}

// worker runs jobs of one modality in order, in one goroutine ("camera worker", "lidar worker") owned by the Engine.
type worker struct {
	jobs chan *job
	done chan struct{}
}

// workerQueue bounds the jobs that wait: two sets of cameras.
const workerQueue = 16

func startWorker(clock func() int64) *worker {
	w := &worker{jobs: make(chan *job, workerQueue), done: make(chan struct{})}
	go func() {
		defer close(w.done)
		runtime.LockOSThread() // TurboJPEG keeps the text of its latest error a thread, and asks for it in a second call
		defer runtime.UnlockOSThread()
		for j := range w.jobs {
			j.run(context.Background(), clock)
		}
	}()
	return w
}

// stop lets the queued jobs end and waits for the goroutine.
func (w *worker) stop() {
	close(w.jobs)
	<-w.done
}
