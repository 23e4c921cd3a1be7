package pipeline

import (
	"slices"
	"testing"

	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sensors/condition"
)

// BenchmarkMonitors is what judging adds to a sample: one camera's picture (budget 2 ms), one sweep (1 ms).
func BenchmarkMonitors(b *testing.B) {
	eachDrive(b, func(b *testing.B, d *benchDrive) {
		s := newBenchStages(b, d)
		stage := &s.engine.stage
		var pictures, clouds int
		var stamp sensors.StampNs
		points := slices.Clone(stage.points)
		b.Run("camera", func(b *testing.B) {
			m := stage.monitors.cameras[slices.IndexFunc(stage.monitors.cameras, func(m *condition.Camera) bool { return m != nil })]
			b.ReportAllocs()
			for b.Loop() {
				pictures++
				stamp += 1e8
				stage.picture[pictures%len(stage.picture)]++
				if _, err := m.Update(stage.picture, stamp); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("lidar", func(b *testing.B) {
			m := stage.monitors.lidars[slices.IndexFunc(stage.monitors.lidars, func(m *condition.Lidar) bool { return m != nil })]
			b.ReportAllocs()
			for b.Loop() {
				clouds++
				stamp += 1e8
				points[clouds%len(points)].X += 0.001
				m.Update(points, stamp)
			}
			b.ReportMetric(float64(len(points)), "points")
		})
	})
}
