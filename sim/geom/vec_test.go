package geom

import (
	"math"
	"testing"
)

func TestUnitOfAnyLength(t *testing.T) {
	for _, v := range []Vec{{3, -4, 12}, {1e-20, 2e-20, -1e-20}, {0, 1e-38, 1e-38}, {1e-44, 0, 0}} {
		if n := float64(v.Unit().Norm()); math.Abs(n-1) > 1e-6 {
			t.Errorf("unit of %v has the length %g", v, n)
		}
	}
	if (Vec{}).Unit() != (Vec{}) {
		t.Error("the zero vector has a direction")
	}
}
