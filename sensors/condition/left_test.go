package condition_test

import (
	"testing"

	"github.com/fusiond/fusiond/sensors/condition"
)

// TestWhatIsLeft holds what the worst of each fault leaves: a quarter where a part of the data is as good as ever, and nothing where there
// is nothing to see, or nothing new.
func TestWhatIsLeft(t *testing.T) {
	const part, none = 0.15, 0.0
	tests := []struct {
		name  string
		drive func() drive
		least float64
	}{
		{"camera fog", func() drive { return cameraDrive(t, func(s *street) { s.fog(20) }) }, part},
		{"camera half dirty", func() drive { return cameraDrive(t, func(s *street) { s.cover(0.5) }) }, part},
		{"camera black", func() drive { return cameraDrive(t, func(s *street) { s.darken(0) }) }, none},
		{"camera covered", func() drive { return cameraDrive(t, func(s *street) { s.cover(1) }) }, none},
		{"camera stuck", func() drive { return cameraDrive(t, nil) }, none},
		{"lidar fog", func() drive { return lidarDrive(func(b *block) { b.fogPerM = 0.06 }) }, part},
		{"lidar half of the beams", func() drive { return lidarDrive(func(b *block) { b.lostRings = rings(0, blockBeams/2) }) }, part},
		{"lidar covered on one side", func() drive { return lidarDrive(func(b *block) { b.coveredRad = 3 }) }, part},
		{"lidar knocked", func() drive { return lidarDrive(func(b *block) { b.pitchRad = 0.08 }) }, part},
		{"lidar without returns", func() drive { return lidarDrive(func(b *block) { b.keepPoints = 0 }) }, none},
		{"lidar stuck", func() drive { return lidarDrive(nil) }, none},
		{"radar jammed", func() drive { return radarDrive(func(s *scans) { s.noiseDB = 20 }) }, part},
		{"radar without detections", func() drive { return radarDrive(func(s *scans) { s.share = 0 }) }, none},
		{"radar stuck", func() drive { return radarDrive(nil) }, none},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := tt.drive()
			var c condition.Condition
			for i := range 60 {
				c = d.update(i, i >= 12)
			}
			if got := c.Reliability; got < tt.least || got > tt.least+0.25 || tt.least == none && got >= 0.05 {
				t.Errorf("got %.3f, %q, want %g to %g", got, c, tt.least, tt.least+0.25)
			}
		})
	}
}

// TestBeginsInFog: a drive that begins in fog names it as long as it lasts, and nothing soon after it has lifted.
func TestBeginsInFog(t *testing.T) {
	const foggy = 100
	for _, tt := range []struct {
		name  string
		drive drive
	}{
		{"lidar", lidarDrive(func(b *block) { b.fogPerM = 0.06 })},
		{"camera", cameraDrive(t, func(s *street) { s.fog(50) })},
	} {
		for i := range foggy + 40 {
			c := tt.drive.update(i, i < foggy)
			switch {
			case i > 1 && i < foggy && (c.Reason != condition.Fog || c.Reliability > 0.5):
				t.Fatalf("%s, sample %d: got %.2f, %q, want fog", tt.name, i, c.Reliability, c)
			case i > foggy+30 && !c.Good():
				t.Fatalf("%s, %d samples after the fog: got %q, want nothing", tt.name, i-foggy, c)
			}
		}
	}
}

// TestOwnVehicle: near and faint returns all around from the first sweep on are the lidar's own vehicle, not snow.
func TestOwnVehicle(t *testing.T) {
	d := lidarDrive(func(b *block) { b.scatter = 0.08 })
	for i := range 30 {
		if c := d.update(i, true); !c.Good() || c.Reliability < 0.9 {
			t.Fatalf("sweep %d: got %.2f, %q, want nothing named", i, c.Reliability, c)
		}
	}
}
