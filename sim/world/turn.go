package world

import "math"

// turn is a way through the junction, from a lane of one road to the lane of the other.
type turn struct {
	route *route
	// enter and leave are the s between which the route bends; s is that of the road it comes from up to enter.
	enter, leave float64
	radius       float64
}

// newTurn makes the ego's way: along main's lane at offset d, and left or right into cross. The bend is a clothoid, an arc and a
// clothoid, symmetric, so its ends lie at the same distance from where the lanes cross.
func newTurn(main, cross *road, d float64, left bool) *turn {
	side, target := 1.0, cross.laneCentre(0) // of cross.ahead, which goes left
	crossAt := main.gapAt - target           // cross's d counts against main's s
	room := cross.kerb + main.kerb
	if !left {
		side = -1
		crossAt = main.gapAt + target // of cross.back
		room = cornerM + math.Min(main.kerb+d, cross.kerb+target)
	}
	radius := math.Min(math.Max(0.8*room, 5), 14)
	// The corners of the curvature lie on nodes, so that the bend is a quarter turn to the last digit.
	ramp := stepM * math.Round(0.5*radius/stepM)
	length := stepM*math.Round(math.Pi/2*radius/stepM) + ramp
	radius = (length - ramp) / (math.Pi / 2)
	curvature := func(u float64) float64 {
		return side / radius * math.Max(0, math.Min(1, math.Min(u, length-u)/ramp))
	}
	// How far the bend goes ahead and aside.
	probe := newRoute(0, length, 0, 0, 0, 0, curvature)
	aside := math.Abs(probe.at(length).y)
	enter := crossAt - aside
	// The first stretch is straight, so the lane is a line like the road's own.
	p := main.ahead.at(main.gapAt)
	x, y := p.offset(d)
	x -= p.cos * (main.gapAt - enter)
	y -= p.sin * (main.gapAt - enter)
	r := newRoute(main.ahead.begin, enter+length+math.Max(cross.ahead.end(), cross.back.end()), enter, x, y, p.heading,
		func(s float64) float64 { return curvature(s - enter) })
	return &turn{route: r, enter: enter, leave: enter + length, radius: radius}
}
