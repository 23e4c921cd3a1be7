package encoders

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// inputsVersion counts the changes of what this package makes of a sample before the networks: rasters, lifting tables, views. It goes up
// whenever the same sample gives other numbers, which TestFingerprint notices.
const inputsVersion = 3

// Fingerprint is a hash over how network inputs are made for a package: its grid's cells, rasters, views and lifting, and the version of the
// code that makes them. How many channels tokens have is the network's own affair. Training tensors carry it and so do the packages trained on them; a network is never given inputs of another kind
// than it has learned.
func Fingerprint(p *Package) string {
	g, l, r, c := &p.Grid, &p.Encoders.Lidar.Raster, &p.Encoders.Radar.Raster, &p.Encoders.Camera
	text := fmt.Sprintf("inputs %d\ngrid %v %d %d\nlidar %+v\nradar %+v\ncamera %v horizon %v depth %+v stride %d lift %+v slots %d\n",
		inputsVersion, g.RangeM, g.TokenCells, g.HeadCells, *l, *r, c.Input.Shape, c.View.Horizon, c.Depth, c.Stride, c.Lift, c.Slots)
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
