package world

import (
	"sync"

	"github.com/fusiond/fusiond/sim/body"
	"github.com/fusiond/fusiond/sim/chance"
)

// Bodies is the stock that actors are drawn from, made when they are first asked for. Every Bodies holds the same: a world is the same
// whichever it uses, and many worlds that share one spare themselves the making, which takes longer than a world without it. It may
// be used from many goroutines.
type Bodies struct {
	mu   sync.Mutex
	made map[variant]*body.Body // guarded by mu
}

// variant names a body of the stock; the shape is empty where any will do.
type variant struct {
	class, shape string
	index        int
}

// NewBodies returns a stock that has made nothing yet.
func NewBodies() *Bodies { return &Bodies{made: map[variant]*body.Body{}} }

// stockSeed keeps the stock apart from everything that a scenario seeds.
const stockSeed = 0x626f64696573

func (s *Bodies) get(v variant) *body.Body {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.made[v]
	if b == nil {
		if from := chance.New(stockSeed, v.class, v.shape, v.index); v.shape == "" {
			b = body.New(from, v.class)
		} else {
			b = body.NewShape(from, v.class, v.shape)
		}
		s.made[v] = b
	}
	return b
}

// stock is how many bodies of a class there are, and how many of them one world shows; of each shape, where the shape is ordered.
func stock(class string) (all, shown int) {
	switch class {
	case Car:
		return 48, 14
	case Pedestrian:
		return 20, 5
	case Truck:
		return 20, 5
	}
	return 10, 3
}

// palette is one world's share of the stock.
type palette struct {
	bodies *Bodies
	key    chance.Key
}

// pick takes a body: with its rider and its walking legs if it moves.
func (p *palette) pick(src *chance.Source, class string, moving bool) *body.Body {
	v := variant{class: class}
	switch class {
	case Bicycle, Motorcycle:
		v.shape = "parked"
		if moving {
			v.shape = "ridden"
		}
	case Pedestrian:
		v.shape = "standing"
		if moving {
			v.shape = "walking"
			if src.Chance(0.1) {
				v.shape = "child"
			}
		}
	}
	all, shown := stock(class)
	v.index = int(p.key.With("body", class, src.IntN(shown)).Uint64() % uint64(all)) //nolint:gosec // both are small
	return p.bodies.get(v)
}
