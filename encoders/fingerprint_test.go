package encoders

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"io"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/fusiond/fusiond/sensors"
)

// madeInputs is the hash of what made samples give. Should it change, raise inputsVersion and make new tensors: networks that were trained
// on the old ones must be refused.
const madeInputs = "a89c74ec288f76c936f988fc0cbb01102f538758aec01adfe9909df9fb9cf2c7"

func TestFingerprint(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("bits differ where multiplications and additions are one instruction: amd64 alone is compared")
	}
	p := TriBEV()
	r := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // made data
	between := func(low, high float64) float64 { return low + (high-low)*r.Float64() }
	points := make([]sensors.Point, 2000)
	for i := range points {
		points[i] = sensors.Point{
			X: float32(between(-60, 60)), Y: float32(between(-60, 60)), Z: float32(between(-2, 5)), Intensity: float32(r.Float64()),
		}
	}
	returns := make([]RadarReturn, 200)
	for i := range returns {
		returns[i] = RadarReturn{between(-60, 60), between(-60, 60), between(-15, 30), between(-20, 20), between(-20, 20), between(0, 0.1)}
	}
	cameras := []LiftCamera{looking(0), looking(2), looking(-2)}
	hash := sha256.New()
	write := func(v any) {
		if err := binary.Write(hash, binary.LittleEndian, v); err != nil {
			t.Fatal(err)
		}
	}
	lidar := NewLidarRaster(p.BEV(), p.Encoders.Lidar)
	lidarMap := make([]float32, lidar.Size())
	lidar.Fill(lidarMap, points)
	write(lidarMap)
	radar := NewRadarRaster(p.BEV(), p.Encoders.Radar)
	radarMap := make([]float32, radar.Size())
	radar.Fill(radarMap, returns)
	write(radarMap)
	lift := tribevLift()
	lift.Build(cameras)
	write(lift.Index)
	write(lift.Weight)
	depth := make([]int8, p.Encoders.Camera.Height()/8*p.Encoders.Camera.Width()/8)
	DepthTarget(depth, p.Encoders.Camera, cameras[0].View, cameras[0].CameraFromEgo, points)
	write(depth)
	if _, err := io.WriteString(hash, Fingerprint(p)); err != nil {
		t.Fatal(err)
	}
	if got := hex.EncodeToString(hash.Sum(nil)); got != madeInputs {
		t.Errorf("made samples give inputs with hash %s, want %s: raise inputsVersion and make training tensors again", got, madeInputs)
	}
	other := TriBEV()
	other.Encoders.Lidar.Raster.ZMaxM = 4
	if Fingerprint(other) == Fingerprint(p) {
		t.Error("a raster of another height has the same fingerprint")
	}
}
