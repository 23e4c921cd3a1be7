package condition

import (
	"math"
	"testing"
)

// checks is a picture of squares of side pixels that are dark and bright by turns, grey but for tint on the blue plane.
func checks(w, h, side int, dark, bright, tint uint8) []uint8 {
	p := make([]uint8, 3*w*h)
	for i := range w * h {
		v := dark
		if (i%w/side+i/w/side)%2 == 1 {
			v = bright
		}
		p[i], p[w*h+i], p[2*w*h+i] = v, v, v+tint
	}
	return p
}

func TestLook(t *testing.T) {
	const w, h = 256, 96
	tests := []struct {
		name    string
		picture []uint8
		// what is wanted; negative = not looked at.
		brightness, detail, sharpness, veil, spot, halo float64
	}{
		{"grey", checks(w, h, 8, 100, 100, 0), 100, 0, 0, 100. / 101, 0, 0},
		// Of 8 columns, 4 differ from the one 4 to the right, and 1 from its neighbour: a quarter, before the right edge.
		{"squares of 8", checks(w, h, 8, 40, 200, 0), 120, 80, 0.25, 40. / 201, 0, 0},
		// Squares of 2: the pixel 4 to the right is the same.
		{"squares of 4", checks(w, h, 4, 40, 200, 0), 120, 160, 0.25, 40. / 201, 0, 0},
		{"white squares", checks(w, h, 8, 60, 255, 0), 157.5, 97.5, 0.25, 60. / 256, 0.5, 60. / 255},
		{"the blue plane is not the darkest", checks(w, h, 8, 100, 100, 50), 105, 0, 0, 100. / 106, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := newLook(w, h, 1)
			l.take(tt.picture)
			for _, m := range []struct {
				name      string
				got, want float64
			}{
				{"brightness", l.brightness, tt.brightness},
				{"detail", l.detail, tt.detail},
				{"sharpness", l.sharpness, tt.sharpness},
				{"veil", l.veil, tt.veil},
				{"spot", l.spot, tt.spot},
				{"halo", l.halo, tt.halo},
			} {
				// 2 %: the columns at the right edge have no partner.
				if math.Abs(m.got-m.want) > 0.02*math.Max(m.want, 0.1) {
					t.Errorf("%s: got %g, want %g", m.name, m.got, m.want)
				}
			}
		})
	}
}

// TestLookLeavesOutTheUnseen fills columns and rows and finds the measures of the rest.
func TestLookLeavesOutTheUnseen(t *testing.T) {
	const w, h = 256, 96
	whole, part := newLook(w, h, 77), newLook(w, h, 77)
	p := checks(w, h, 8, 40, 200, 0)
	whole.take(p)
	for i := range w * h {
		if i%w < 64 || i/w >= 80 {
			p[i], p[w*h+i], p[2*w*h+i] = 77, 77, 77
		}
	}
	part.take(p)
	if part.seen != 192*80 {
		t.Errorf("got %d pixels, want %d", part.seen, 192*80)
	}
	for _, m := range []struct {
		name      string
		got, want float64
	}{
		{"brightness", part.brightness, whole.brightness},
		{"detail", part.detail, whole.detail},
		{"sharpness", part.sharpness, whole.sharpness},
		{"veil", part.veil, whole.veil},
		{"contrast", part.contrast, whole.contrast},
	} {
		if math.Abs(m.got-m.want) > 0.01*m.want {
			t.Errorf("%s: got %g, want %g as without fill", m.name, m.got, m.want)
		}
	}
}

// TestDarkThreshold holds where the dark begins, with pictures of equal relative contrast and sharp edges.
func TestDarkThreshold(t *testing.T) {
	for _, tt := range []struct {
		dark, bright uint8
		want         Reason
	}{
		{40, 80, None}, // mean 60
		{26, 52, Dark}, // mean 39
		{16, 32, Dark}, // mean 24
	} {
		c, err := NewCamera(256, 96, 1)
		if err != nil {
			t.Fatal(err)
		}
		var got Condition
		for i := range 4 {
			p := checks(256, 96, 3, tt.dark, tt.bright, 0)
			p[0] = uint8(i) // not frozen
			if got, err = c.Update(p, 1); err != nil {
				t.Fatal(err)
			}
		}
		if got.Reason != tt.want {
			t.Errorf("mean %d: got %q, reliability %.2f, want %v", (int(tt.dark)+int(tt.bright))/2, got, got.Reliability, tt.want)
		}
	}
}

func TestHistogramQuantile(t *testing.T) {
	var h histogram
	if got := h.quantile(0.5); got != 0 {
		t.Errorf("empty: got %d, want 0", got)
	}
	for v := range 100 {
		h[v+10]++
	}
	for _, tt := range []struct {
		q    float64
		want int
	}{{0, 10}, {0.1, 19}, {0.5, 59}, {1, 109}} {
		if got := h.quantile(tt.q); got != tt.want {
			t.Errorf("quantile %g: got %d, want %d", tt.q, got, tt.want)
		}
	}
}

// TestSmoothPictureIsNotBlurred shows a soft ramp: without detail there is nothing to be sharp.
func TestSmoothPictureIsNotBlurred(t *testing.T) {
	c, err := NewCamera(256, 96, 1)
	if err != nil {
		t.Fatal(err)
	}
	p := make([]uint8, 3*256*96)
	for i := range p {
		p[i] = uint8(100 + i%256/4) //nolint:gosec // at most 163
	}
	for i := range 4 {
		p[0] = uint8(i) //nolint:gosec // not frozen
		if _, err = c.Update(p, 1); err != nil {
			t.Fatal(err)
		}
	}
	if got := c.levels.level[Blur]; got != 0 {
		t.Errorf("got blur level %.2f, want 0", got)
	}
}
