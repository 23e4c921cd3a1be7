package condition

// The picture is looked at in a grid of blocks, whatever its size.
const (
	blockRows = 12
	blockCols = 32
	numBlocks = blockRows * blockCols
	// coarseStep is the distance of pixels of the coarse detail; a cell is the patch of the dark channel (He et al., CVPR 2009) and has
	// the same side.
	coarseStep = 4
	cellSide   = 4
	// unseen marks pixels that the camera does not see.
	unseen = -1
	// saturated: the darkest of the three channels is so bright that the sensor is at its end.
	saturated = 235
	// haloRadius is how far around a saturated spot its veil is measured, as a share of the picture's width: with the 60 to 100 degrees of
	// a driving camera 10 to 20 degrees, where the CIE's glare function 10/theta² has fallen to a hundredth.
	haloRadius = 0.19
)

// look is what is measured in one picture. Brightness is 0..255 as coded, not linear.
type look struct {
	w, h int
	fill uint8
	luma []int16 // unseen where the camera does not see
	dark []uint8 // smallest channel of each cell, cells row by row
	// block sums.
	mean, coarse [numBlocks]float64
	pixels       [numBlocks]int

	// What comes out. brightness is the mean, detail the mean coarse difference, sharpness fine over coarse detail, all of the whole
	// picture; veil is what 90 % of the cells of the far band exceed in their darkest channel, over what 5 % of its pixels exceed in
	// brightness; contrast the coarse difference over the brightness there; spot the share of saturated pixels, halo the same 90 % around
	// them over white.
	brightness, detail, sharpness, veil, contrast, spot, halo float64
	// coarseAll is the sum behind detail: what little noise decides nothing about sharpness.
	seen int
}

func newLook(width, height int, fill uint8) look {
	return look{
		w: width, h: height, fill: fill, luma: make([]int16, width*height),
		dark: make([]uint8, (width/cellSide)*(height/cellSide)),
	}
}

// farBand is the rows where the view has the horizon and what stands 15 to 60 m away: from a quarter down to the middle.
func (l *look) farBand() (from, to int) { return l.h / 4, l.h / 2 }

// take measures a picture: the planes red, green, blue, each width*height.
func (l *look) take(picture []uint8) {
	n := l.w * l.h
	spot := l.planes(picture[:n], picture[n:2*n], picture[2*n:3*n])
	l.blocks()
	l.far()
	l.around(spot)
}

// spot is where the saturated pixels are.
type spot struct{ n, sumX, sumY int }

// planes fills luma and dark and finds the saturated pixels.
func (l *look) planes(red, green, blue []uint8) (s spot) {
	for i := range l.dark {
		l.dark[i] = 255
	}
	l.seen = 0
	cells := l.w / cellSide
	for y := range l.h {
		at := y * l.w
		r, g, b, out := red[at:at+l.w], green[at:at+l.w], blue[at:at+l.w], l.luma[at:at+l.w]
		var row []uint8
		if c := y / cellSide; c < l.h/cellSide {
			row = l.dark[c*cells : (c+1)*cells]
		}
		for x := range out {
			cr, cg, cb := r[x], g[x], b[x]
			if cr == l.fill && cg == l.fill && cb == l.fill {
				out[x] = unseen
				continue
			}
			l.seen++
			// ITU-R BT.601 in 8 bits.
			out[x] = int16((77*int(cr) + 150*int(cg) + 29*int(cb)) >> 8) //nolint:gosec // at most 255
			d := min(cr, cg, cb)
			if c := x / cellSide; c < len(row) && d < row[c] {
				row[c] = d
			}
			if d >= saturated {
				s.n, s.sumX, s.sumY = s.n+1, s.sumX+x, s.sumY+y
			}
		}
	}
	return s
}

// blocks measures brightness and detail by block and over all.
func (l *look) blocks() {
	var sum, coarse, pairs [numBlocks]int
	l.pixels = [numBlocks]int{}
	fine, all, count := 0, 0, 0
	for y := range l.h {
		row := l.luma[y*l.w : (y+1)*l.w]
		first := y * blockRows / l.h * blockCols
		for c := range blockCols {
			from, to := c*l.w/blockCols, (c+1)*l.w/blockCols
			s, n, g, p := 0, 0, 0, 0
			for x := from; x < to; x++ {
				v := int(row[x])
				if v < 0 {
					continue
				}
				s, n = s+v, n+1
				if x+coarseStep >= l.w || row[x+1] < 0 || row[x+coarseStep] < 0 {
					continue
				}
				g += abs(v - int(row[x+coarseStep]))
				fine += abs(v - int(row[x+1]))
				p++
			}
			b := first + c
			sum[b], l.pixels[b] = sum[b]+s, l.pixels[b]+n
			coarse[b], pairs[b] = coarse[b]+g, pairs[b]+p
			all, count = all+g, count+p
		}
	}
	total := 0
	for b := range numBlocks {
		total += sum[b]
		l.mean[b], l.coarse[b] = ratio(sum[b], l.pixels[b]), ratio(coarse[b], pairs[b])
	}
	l.brightness, l.detail, l.sharpness = ratio(total, l.seen), ratio(all, count), ratio(fine, all)
}

// far measures veil and contrast of the far band.
func (l *look) far() {
	from, to := l.farBand()
	var bright, dark histogram
	coarse, sum, n, pairs := 0, 0, 0, 0
	for y := from; y < to; y++ {
		row := l.luma[y*l.w : (y+1)*l.w]
		for x, v := range row {
			if v < 0 {
				continue
			}
			bright[v]++
			sum, n = sum+int(v), n+1
			if x+coarseStep < l.w && row[x+coarseStep] >= 0 {
				coarse, pairs = coarse+abs(int(v)-int(row[x+coarseStep])), pairs+1
			}
		}
	}
	cells := l.w / cellSide
	for y := (from + cellSide - 1) / cellSide; (y+1)*cellSide <= to; y++ {
		for x := range cells {
			if l.luma[y*cellSide*l.w+x*cellSide] >= 0 {
				dark[l.dark[y*cells+x]]++
			}
		}
	}
	l.veil = float64(dark.quantile(0.1)) / float64(bright.quantile(0.95)+1)
	l.contrast = ratio(coarse, pairs) / (ratio(sum, n) + 1)
}

// around measures how bright it is around the saturated spot, even where it is darkest.
func (l *look) around(s spot) {
	l.spot, l.halo = ratio(s.n, l.seen), 0
	if s.n == 0 {
		return
	}
	cx, cy, radius := s.sumX/s.n, s.sumY/s.n, int(haloRadius*float64(l.w))
	var dark histogram
	cells := l.w / cellSide
	for y := range l.h / cellSide {
		for x := range cells {
			dx, dy := x*cellSide-cx, y*cellSide-cy
			if dx*dx+dy*dy <= radius*radius && l.luma[y*cellSide*l.w+x*cellSide] >= 0 {
				dark[l.dark[y*cells+x]]++
			}
		}
	}
	l.halo = float64(dark.quantile(0.1)) / 255
}

// histogram of 8-bit values.
type histogram [256]int

// quantile is the smallest value that at least the share q of the entries does not exceed; 0 without entries.
func (h *histogram) quantile(q float64) int {
	n := 0
	for _, c := range h {
		n += c
	}
	if n == 0 {
		return 0
	}
	left := max(int(q*float64(n)), 1)
	for v, c := range h {
		if left -= c; left <= 0 {
			return v
		}
	}
	return len(h) - 1
}

func ratio(sum, n int) float64 {
	if n == 0 {
		return 0
	}
	return float64(sum) / float64(n)
}

func abs(v int) int {
	if v < 0 {
		return -v
	}
	return v
}
