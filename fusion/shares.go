package fusion

import (
	"github.com/fusiond/fusiond/encoders"
	"github.com/fusiond/fusiond/sensors"
)

// Share says how much of a detection rests on one sensor, 0..1.
type Share struct {
	Sensor   sensors.SensorID
	Modality sensors.Modality
	Share    float64
}

// Evidence is what shares are made of: the fuser's attention and which sensors stood behind each modality.
type Evidence struct {
	// Attention [3, Tokens, Tokens]: weight of lidar, radar and camera in each cell, adding up to 1 where any is present.
	Attention []float32
	// Slot [Tokens*Tokens] is the camera slot that a cell reads, -1 for none (encoders.LiftTable.Slot).
	Slot []int8
	// Cameras names the slots; Lidar the sweep's sensor, empty when absent; Radars all that are present.
	Cameras []sensors.SensorID
	Lidar   sensors.SensorID
	Radars  []sensors.SensorID
}

// AppendShares appends a detection's shares to dst, in the order lidar, radars, cameras: the attention averaged over the token cell
// of the detection and its eight neighbours, weighted 1 for the middle and 1/2 for each of the others, and normalised to add up to 1.
// A detection that knows its modalities' shares (By) has them in place of the attention, the same in each of these cells. A modality's
// share is split over its radars equally, over its cameras by the cells that each of them serves. Attention that no sensor stands behind,
// such as to the cameras in a cell that none of them sees, is left out before normalising, and so are shares of zero; where nothing is
// left there are no shares.
func AppendShares(dst []Share, e *Evidence, g encoders.Grid, d *Detection) []Share {
	n := g.Tokens
	row, col := d.Row*n/g.Heads, d.Col*n/g.Heads
	weight := func(m sensors.Modality, at int) float64 { return float64(e.Attention[int(m)*n*n+at]) }
	if d.By != [sensors.NumFused]float64{} {
		weight = func(m sensors.Modality, _ int) float64 { return d.By[m] }
	}
	var lidar, radar float64
	var cameras [64]float64
	for r := max(row-1, 0); r <= min(row+1, n-1); r++ {
		for c := max(col-1, 0); c <= min(col+1, n-1); c++ {
			w := 0.5
			if r == row && c == col {
				w = 1
			}
			at := r*n + c
			if e.Lidar != "" {
				lidar += w * weight(sensors.Lidar, at)
			}
			if len(e.Radars) > 0 {
				radar += w * weight(sensors.Radar, at)
			}
			if s := e.Slot[at]; s >= 0 {
				cameras[s] += w * weight(sensors.Camera, at)
			}
		}
	}
	total := lidar + radar
	for _, c := range cameras[:len(e.Cameras)] {
		total += c
	}
	if !(total > 0) { // also for NaN
		return dst
	}
	if lidar > 0 {
		dst = append(dst, Share{e.Lidar, sensors.Lidar, lidar / total})
	}
	for _, id := range e.Radars {
		if radar > 0 {
			dst = append(dst, Share{id, sensors.Radar, radar / total / float64(len(e.Radars))})
		}
	}
	for s, id := range e.Cameras {
		if cameras[s] > 0 {
			dst = append(dst, Share{id, sensors.Camera, cameras[s] / total})
		}
	}
	return dst
}
