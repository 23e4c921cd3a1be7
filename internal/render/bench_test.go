package render

import (
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/spatial/r3"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/sensors"
)

// fullScene is a set with six 1920x1080 cameras, 60 objects with ground truth, and so many points. Same every time.
func fullScene(points int) Scene {
	rnd := rand.New(rand.NewPCG(1, 2))
	s := Scene{Title: "drive", Subtitle: "made", Objects: list(), Truth: &fusionv1.TruthFrame{}}
	for i, deg := range []float64{0, 57, -57, 110, -110, 180} {
		s.Cameras = append(s.Cameras, CameraView{
			Name: sensors.SensorID(fmt.Sprint("CAM_", i)), Image: plain(1920, 1080), Intrinsics: pinhole(),
			CameraFromEgo: cameraAt(deg*math.Pi/180, r3.Vec{X: 1, Z: 1.8}),
		})
	}
	for range points {
		sin, cos := math.Sincos(rnd.Float64() * 2 * math.Pi)
		m := 3 + 60*rnd.Float64()
		s.Points = append(s.Points, sensors.Point{X: float32(m * cos), Y: float32(m * sin), Z: float32(4 * rnd.Float64())})
	}
	for i := range 60 {
		o := car(rnd.Float64()*90-45, rnd.Float64()*90-45, rnd.Float64()*6)
		o.Id, o.Class = uint64(i+1), classColours[i%len(classColours)].class
		o.Velocity = &fusionv1.Vector3{X: rnd.Float64() * 8}
		s.Objects.Objects = append(s.Objects.Objects, o)
		s.Truth.Objects = append(s.Truth.Objects, &fusionv1.TruthObject{Center: o.Center, Size: o.Size, Yaw: o.Yaw})
	}
	return s
}

func BenchmarkDraw(b *testing.B) {
	s := fullScene(106_000)
	b.ReportAllocs()
	for b.Loop() {
		mustDraw(b, s)
	}
}

func BenchmarkWritePNG(b *testing.B) {
	img := mustDraw(b, fullScene(106_000))
	b.ReportAllocs()
	b.SetBytes(int64(len(img.Pix)))
	for b.Loop() {
		if err := WritePNG(io.Discard, img); err != nil {
			b.Fatal(err)
		}
	}
}
