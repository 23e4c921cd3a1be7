package render

import (
	"cmp"
	"image"
	"math"
	"slices"

	"gonum.org/v1/gonum/spatial/r3"
)

// Width of every picture, pixels.
const Width = 1920

const (
	margin     = 24
	gap        = 12
	headerH    = 84
	birdsEyeH  = 860
	panelW     = 600
	maxColumns = 4
)

// layout says where everything goes.
type layout struct {
	size     image.Point
	header   image.Rectangle
	cells    []image.Rectangle
	order    []int // cells[i] holds camera order[i]
	birdsEye image.Rectangle
	panel    image.Rectangle
}

func newLayout(cameras []CameraView) layout {
	l := layout{header: image.Rect(margin, 0, Width-margin, headerH)}
	y := headerH
	rows := cameraRows(cameras)
	if len(rows) > 0 {
		columns := len(rows[0])
		w := (Width - 2*margin - (columns-1)*gap) / columns
		if columns < 3 {
			w = (Width - 2*margin - 2*gap) / 3
		}
		h := int(float64(w)/aspect(&cameras[rows[0][0]]) + 0.5)
		for _, row := range rows {
			x := (Width - len(row)*w - (len(row)-1)*gap) / 2
			for _, camera := range row {
				l.cells = append(l.cells, image.Rect(x, y, x+w, y+h))
				l.order = append(l.order, camera)
				x += w + gap
			}
			y += h + gap
		}
	}
	l.birdsEye = image.Rect(margin, y, Width-margin-panelW-gap, y+birdsEyeH)
	l.panel = image.Rect(Width-margin-panelW, y, Width-margin, y+birdsEyeH)
	l.size = image.Pt(Width, y+birdsEyeH+margin)
	return l
}

// aspect returns width over height of a camera's cell.
func aspect(v *CameraView) float64 {
	a := 16.0 / 9
	switch {
	case v.Intrinsics != nil:
		a = float64(v.Intrinsics.Width) / float64(v.Intrinsics.Height)
	case v.Image != nil:
		a = float64(v.Image.Bounds().Dx()) / float64(v.Image.Bounds().Dy())
	}
	return clamp(a, 1, 2.4)
}

// yaw is where a camera looks, counter-clockwise from ahead; 0 where its mounting is no number.
func (v *CameraView) yaw() float64 {
	axis := v.CameraFromEgo.Inverse().Rotate(r3.Vec{Z: 1})
	if yaw := math.Atan2(axis.Y, axis.X); finite(yaw) {
		return yaw
	}
	return 0
}

// cameraRows orders cameras by where they look, whatever their names: those that look ahead in the first row, the others
// in the rows below, each row as seen from the driver's seat, left to right. No row is longer than the first.
func cameraRows(cameras []CameraView) [][]int {
	n := len(cameras)
	if n == 0 {
		return nil
	}
	yaw := make([]float64, n)
	order := make([]int, n)
	for i := range cameras {
		order[i] = i
		yaw[i] = cameras[i].yaw()
	}
	// A ten-thousandth of a radian makes left and right mountings equal that differ by calibration noise only.
	away := func(i int) float64 { return math.Round(math.Abs(yaw[i])*1e4) / 1e4 }
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(away(a), away(b)) })
	numRows := (n + maxColumns - 1) / maxColumns
	columns := (n + numRows - 1) / numRows
	var rows [][]int
	for row := range slices.Chunk(order, columns) {
		var mean float64
		for _, i := range row {
			mean += math.Abs(yaw[i]) / float64(len(row))
		}
		// Seen from above, the row ahead turns clockwise, the row behind counter-clockwise; a row that holds both begins at
		// the left and ends with what looks back.
		key := func(i int) float64 {
			y := yaw[i]
			if mean > math.Pi*5/9 { // 100 degrees
				if y < 0 {
					y += 2 * math.Pi
				}
				return y
			}
			if y > math.Pi*3/4 {
				y -= 2 * math.Pi
			}
			return -y
		}
		slices.SortStableFunc(row, func(a, b int) int { return cmp.Compare(key(a), key(b)) })
		rows = append(rows, row)
	}
	return rows
}
