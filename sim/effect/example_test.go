package effect_test

import (
	"fmt"

	"github.com/fusiond/fusiond/sim/chance"
	"github.com/fusiond/fusiond/sim/effect"
	"github.com/fusiond/fusiond/sim/timeline"
)

// A car at 30 m, a dark wall at 80 m, and a beam into the sky, in fog of 50 m visibility.
func ExampleLidar() {
	lidar := effect.NewLidar(effect.LidarSpec{Beams: 32})
	conditions := timeline.Conditions{Weather: timeline.Weather{FogPerM: effect.ExtinctionPerM(50), Light: 1}}
	returns := []effect.Return{
		{Dir: [3]float32{1, 0, 0}, Range: 30, Intensity: 0.4},
		{Dir: [3]float32{0, 1, 0}, Range: 80, Intensity: 0.02},
		{Dir: [3]float32{0, 0, 1}},
	}
	sweep := lidar.Prepare(&conditions, effect.LidarScene{}, chance.Of(1, "lidar", "LIDAR_TOP"), 0)
	fmt.Printf("%+v\n", sweep.Apply(returns, 0))
	fmt.Printf("the car's intensity falls from 0.4 to %.3f\n", returns[0].Intensity)
	// Output:
	// {Kept:1 Moved:0 Lost:1 New:1 None:0}
	// the car's intensity falls from 0.4 to 0.011
}

// Rain on a radar: 25 mm/h cost 2.2 dB over 100 m and back.
func ExampleRadar() {
	radar := effect.NewRadar(effect.RadarSpec{})
	rain := timeline.Conditions{Weather: timeline.Weather{RainMmH: 25}}
	fmt.Printf("%.2f dB\n", 2*0.1*radar.DBPerKm(&rain.Weather))
	// Output: 2.20 dB
}
