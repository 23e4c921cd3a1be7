package eval

import (
	"math"
	"math/rand/v2"
	"testing"
)

// best tries every assignment of the rows from the given one on: the most pairs, and the least cost among those.
func best(cost [][]float64, row int, taken []bool) (pairs int, total float64) {
	if row == len(cost) {
		return 0, 0
	}
	pairs, total = best(cost, row+1, taken)
	for col, c := range cost[row] {
		if taken[col] || math.IsInf(c, 1) {
			continue
		}
		taken[col] = true
		n, sum := best(cost, row+1, taken)
		taken[col] = false
		if n++; n > pairs || n == pairs && sum+c < total {
			pairs, total = n, sum+c
		}
	}
	return pairs, total
}

func assignAll(a *assigner, cost [][]float64, cols int) {
	a.reset(len(cost), cols)
	for r := range cost {
		copy(a.cost[r*cols:], cost[r])
	}
	a.solve()
}

// TestAssignIsBest compares with all assignments of small tables, of which a share of the pairs is not possible.
func TestAssignIsBest(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 1))
	var a assigner
	for n := range 2000 {
		rows := rng.IntN(5)
		cols := rows + rng.IntN(3)
		share, whole := rng.Float64(), rng.IntN(2) == 0
		cost := make([][]float64, rows)
		for r := range cost {
			cost[r] = make([]float64, cols)
			for c := range cost[r] {
				switch {
				case rng.Float64() < share:
					cost[r][c] = math.Inf(1)
				case whole: // many ties
					cost[r][c] = float64(rng.IntN(3))
				default:
					cost[r][c] = 2 * rng.Float64()
				}
			}
		}
		wantPairs, wantTotal := best(cost, 0, make([]bool, cols))
		assignAll(&a, cost, cols)
		pairs, total, taken := 0, 0.0, make([]bool, cols)
		for r, c := range a.colOf {
			if c < 0 {
				continue
			}
			if taken[c] {
				t.Fatalf("table %d %v: column %d twice", n, cost, c)
			}
			taken[c] = true
			pairs++
			total += cost[r][c]
		}
		if pairs != wantPairs || math.Abs(total-wantTotal) > tolerance {
			t.Fatalf("table %d %v: %d pairs of %v, want %d of %v", n, cost, pairs, total, wantPairs, wantTotal)
		}
	}
}

// TestAssignTies pins the order among equal costs.
func TestAssignTies(t *testing.T) {
	tests := []struct {
		name string
		cost [][]float64
		want []int
	}{
		{"all equal", [][]float64{{1, 1, 1}, {1, 1, 1}, {1, 1, 1}}, []int{0, 1, 2}},
		{"more columns", [][]float64{{1, 1, 1, 1}, {1, 1, 1, 1}}, []int{0, 1}},
		{"two ways of the same total", [][]float64{{1, 2}, {2, 3}}, []int{0, 1}},
	}
	var a assigner
	for _, tt := range tests {
		if assignAll(&a, tt.cost, len(tt.cost[0])); len(a.colOf) != len(tt.want) {
			t.Fatalf("%s: %v, want %v", tt.name, a.colOf, tt.want)
		}
		for r := range tt.want {
			if a.colOf[r] != tt.want[r] {
				t.Errorf("%s: %v, want %v", tt.name, a.colOf, tt.want)
				break
			}
		}
	}
}
