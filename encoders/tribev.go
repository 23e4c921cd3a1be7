package encoders

// TriBEV describes the inputs of the network that training/ makes, for writing tensors before a model package exists. A
// package's own manifest says the same.
func TriBEV() *Package {
	var m Manifest
	m.Name, m.Version = "tribev", "inputs"
	m.Grid = GridSpec{RangeM: 51.2, TokenCells: 64, HeadCells: 128, Channels: 48}
	m.Classes = []string{
		"car", "truck", "bus", "trailer", "construction_vehicle", "pedestrian", "motorcycle", "bicycle", "traffic_cone", "barrier",
	}
	l, r, c := &m.Encoders.Lidar, &m.Encoders.Radar, &m.Encoders.Camera
	l.Trained, r.Trained, c.Trained = true, true, true
	l.Raster.Cells, l.Raster.ZMinM, l.Raster.ZMaxM, l.Raster.Slices = 256, -1, 3.8, 8
	r.Raster.Cells = 128
	c.Input.Shape = []int64{1, 3, 96, 256}
	c.View.Horizon, c.Stride, c.Slots = 0.42, 8, 6
	c.Depth = DepthSpec{Bins: 32, MinM: 2, MaxM: 90, FocalPx: 128}
	c.Lift.Taps, c.Lift.HeightM = LiftTaps, 0.8
	return &Package{Manifest: m}
}
