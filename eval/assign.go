package eval

import "math"

// assigner pairs the rows of a cost table with its columns: as many pairs as are possible, and among those choices the
// one of least total cost. Its buffers are reused.
//
// Method: shortest augmenting paths with dual potentials (Jonker and Volgenant 1987, in the rectangular form of Crouse 2016). Among
// equal costs it prefers a free column and then the one examined first, columns being examined backwards: the order of
// scipy's linear_sum_assignment, which the public metrics call, so that ties end alike.
type assigner struct {
	rows, cols   int
	cost         []float64 // rows x cols; +Inf where a pair is not possible
	u, v         []float64 // potentials of rows and columns
	path         []int     // row from which the column was reached
	colOf, rowOf []int     // -1 is free
	dist         []float64 // of the shortest path to the column
	inRows       []bool    // the row is in the search tree
	open         []int     // columns not yet in the tree
	closed       []int     // columns in the tree
}

// reset makes a table without any possible pair. More rows than columns are not allowed.
func (a *assigner) reset(rows, cols int) {
	a.rows, a.cols = rows, cols
	a.cost = grown(a.cost, rows*cols, math.Inf(1))
	a.u, a.v, a.dist = grown(a.u, rows, 0), grown(a.v, cols, 0), grown(a.dist, cols, 0)
	a.path, a.rowOf, a.colOf = grown(a.path, cols, -1), grown(a.rowOf, cols, -1), grown(a.colOf, rows, -1)
	a.inRows = grown(a.inRows, rows, false)
}

// grown returns a slice of n values v in the memory of s if it is large enough.
func grown[T any](s []T, n int, v T) []T {
	if cap(s) < n {
		s = make([]T, n)
	}
	s = s[:n]
	for i := range s {
		s[i] = v
	}
	return s
}

// solve fills colOf: the column of each row, -1 where it has none. cost is changed.
func (a *assigner) solve() {
	// An impossible pair costs more than all possible ones together, so that one more possible pair is always worth it.
	most := 0.0
	for _, c := range a.cost {
		if !math.IsInf(c, 1) {
			most = max(most, c)
		}
	}
	impossible := 2*float64(a.rows)*most + 1
	for i, c := range a.cost {
		if math.IsInf(c, 1) {
			a.cost[i] = impossible
		}
	}
	for row := range a.rows {
		a.augment(row)
	}
	for row, col := range a.colOf {
		if a.cost[row*a.cols+col] == impossible {
			a.colOf[row] = -1
		}
	}
}

// augment gives the row a column, moving rows that have one where that is cheaper.
func (a *assigner) augment(start int) {
	a.open, a.closed = a.open[:0], a.closed[:0]
	for col := a.cols - 1; col >= 0; col-- {
		a.open = append(a.open, col)
		a.dist[col] = math.Inf(1)
	}
	clear(a.inRows)
	sink, least := -1, 0.0
	for row := start; sink < 0; {
		a.inRows[row] = true
		best, bestCost := -1, math.Inf(1)
		for k, col := range a.open {
			if c := least + a.cost[row*a.cols+col] - a.u[row] - a.v[col]; c < a.dist[col] {
				a.dist[col], a.path[col] = c, row
			}
			if c := a.dist[col]; c < bestCost || c == bestCost && a.rowOf[col] < 0 {
				best, bestCost = k, c
			}
		}
		col := a.open[best]
		least = bestCost
		a.open[best] = a.open[len(a.open)-1]
		a.open = a.open[:len(a.open)-1]
		a.closed = append(a.closed, col)
		if row = a.rowOf[col]; row < 0 {
			sink = col
		}
	}
	a.u[start] += least
	for row, in := range a.inRows {
		if in && row != start {
			a.u[row] += least - a.dist[a.colOf[row]]
		}
	}
	for _, col := range a.closed {
		a.v[col] -= least - a.dist[col]
	}
	for col := sink; col >= 0; { // turn the path around
		row := a.path[col]
		a.rowOf[col] = row
		a.colOf[row], col = col, a.colOf[row]
		if row == start {
			break
		}
	}
}
