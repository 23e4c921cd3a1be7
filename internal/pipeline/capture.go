package pipeline

import (
	"slices"

	"github.com/fusiond/fusiond/encoders"
	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/sensors"
)

// Capture is what the networks would have been given for one set. Training reads it, so that it sees what serving does.
type Capture struct {
	Manifest     *fusionv1.SetManifest
	Stamp        sensors.StampNs
	LocalFromEgo sensors.Pose
	// Points of the fused sweep in the ego frame at the sweep's stamp, and their raster; nil when the lidar is absent.
	Points      []sensors.Point
	LidarRaster []float32
	// RadarRaster is nil when no radar is present.
	RadarRaster []float32
	// Pictures a camera slot, planar RGB; nil when absent. Cameras and Lift place them.
	Pictures [][]uint8
	Cameras  []encoders.LiftCamera
	Lift     *encoders.LiftTable
	AgeS     [sensors.NumFused]float64
	// Reliability of each modality as the fuser would be told it, 0 for an absent one.
	Reliability [sensors.NumFused]float64
}

// captured is what a job keeps in capture mode, where the networks do not run.
type captured struct {
	picture []uint8
	points  []sensors.Point
	raster  []float32
}

func (j *job) capturePicture(picture []uint8) error {
	j.captured = &captured{picture: slices.Clone(picture)}
	return nil
}

func (j *job) captureSweep(points []sensors.Point, r *encoders.LidarRaster) error {
	j.captured = &captured{points: slices.Clone(points), raster: make([]float32, r.Size())}
	r.Fill(j.captured.raster, points)
	return nil
}

// capture hands a set's network inputs out. A token map that is older than its set would be warped when serving; training uses
// sweeps at their set's time only, and the age tells.
func (f *fuser) capture(p *plan) {
	c := &Capture{Manifest: p.manifest, Stamp: p.stamp, LocalFromEgo: p.localFromEgo, Lift: f.lift, AgeS: p.ageS, Reliability: p.reliability()}
	for _, err := range p.undecoded {
		f.failed("decode", "sample dropped", p.closed, err)
	}
	if p.lidar != nil {
		<-p.lidar.done
		c.Points, c.LidarRaster = p.lidar.captured.points, p.lidar.captured.raster
	}
	for i := range p.cameras {
		var picture []uint8
		if j := p.cameras[i].job; j != nil {
			<-j.done
			picture = j.captured.picture
		}
		c.Pictures = append(c.Pictures, picture)
		c.Cameras = append(c.Cameras, p.cameras[i].lift)
	}
	if len(p.radars) > 0 {
		c.RadarRaster = make([]float32, f.raster.Size())
		f.raster.Fill(c.RadarRaster, p.returns)
	}
	f.lift.Build(c.Cameras)
	f.engine.opt.Capture(c)
	f.release(p)
}
