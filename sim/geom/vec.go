package geom

import "math"

// Vec is a point or direction: x, y, z in metres.
type Vec [3]float32

// Add returns a + b.
func (a Vec) Add(b Vec) Vec { return Vec{a[0] + b[0], a[1] + b[1], a[2] + b[2]} }

// Sub returns a - b.
func (a Vec) Sub(b Vec) Vec { return Vec{a[0] - b[0], a[1] - b[1], a[2] - b[2]} }

// Scale returns s * a.
func (a Vec) Scale(s float32) Vec { return Vec{s * a[0], s * a[1], s * a[2]} }

// Dot returns the scalar product.
func (a Vec) Dot(b Vec) float32 { return a[0]*b[0] + a[1]*b[1] + a[2]*b[2] }

// Cross returns the vector product.
func (a Vec) Cross(b Vec) Vec {
	return Vec{a[1]*b[2] - a[2]*b[1], a[2]*b[0] - a[0]*b[2], a[0]*b[1] - a[1]*b[0]}
}

// Norm returns the length.
func (a Vec) Norm() float32 { return float32(math.Sqrt(float64(a.Dot(a)))) }

// tinySquare is where float32 begins to lose digits of a squared length.
const tinySquare = 1e-30

// Unit returns a scaled to length 1; the zero vector stays zero.
func (a Vec) Unit() Vec {
	square := a.Dot(a)
	if square < tinySquare { // the normal of a triangle of micrometres, say
		x, y, z := float64(a[0]), float64(a[1]), float64(a[2])
		n := math.Sqrt(x*x + y*y + z*z)
		if n == 0 {
			return a
		}
		return Vec{float32(x / n), float32(y / n), float32(z / n)}
	}
	return a.Scale(1 / float32(math.Sqrt(float64(square))))
}

// Mul returns the product of each pair of components.
func (a Vec) Mul(b Vec) Vec { return Vec{a[0] * b[0], a[1] * b[1], a[2] * b[2]} }

// Lerp returns the point at share s of the way from a to b.
func (a Vec) Lerp(b Vec, s float32) Vec { return a.Add(b.Sub(a).Scale(s)) }
