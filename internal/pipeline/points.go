package pipeline

import fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"

// TruthPoints is how many lidar points and radar detections an object has: what decides whether it is scored. Where the ground truth knows
// what clean sensors would have had, in simulated and degraded recordings, that counts: fog must not make the objects that it hides
// vanish from the truth.
func TruthPoints(o *fusionv1.TruthObject) int {
	clean, known := uint32(0), false
	for _, v := range o.Views {
		if v.Modality == fusionv1.Modality_MODALITY_LIDAR || v.Modality == fusionv1.Modality_MODALITY_RADAR {
			clean, known = clean+v.CleanPoints, true
		}
	}
	if known {
		return int(clean)
	}
	return int(o.LidarPoints + o.RadarPoints)
}
