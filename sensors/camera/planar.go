package camera

import "github.com/fusiond/fusiond/internal/vision"

// planar writes img, whose first row is row top of the view, as planes of red, green and blue into dst, and Fill into
// the rows that img does not cover. img has the view's width; dst has 3*width*height bytes.
func planar(dst []uint8, img *vision.Image, top, height int) {
	w := img.Width
	n := w * height
	red, green, blue := dst[:n], dst[n:2*n], dst[2*n:3*n]
	for y := range height {
		r, g, b := red[y*w:(y+1)*w], green[y*w:(y+1)*w], blue[y*w:(y+1)*w]
		if y < top || y >= top+img.Height {
			for x := range r {
				r[x], g[x], b[x] = Fill, Fill, Fill
			}
			continue
		}
		in := img.Pix[3*w*(y-top) : 3*w*(y-top+1)]
		for x := range r {
			px := in[3*x : 3*x+3 : 3*x+3]
			r[x], g[x], b[x] = px[0], px[1], px[2]
		}
	}
}
