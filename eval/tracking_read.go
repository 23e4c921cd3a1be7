package eval

// LoadTrackingSamples opens two files in nuScenes' submission format and reads them as [ReadTrackingSamples] does.
func LoadTrackingSamples(groundTruthPath, predictionsPath string, c TrackingConfig) ([]Sample, error) {
	return loadBoth(groundTruthPath, predictionsPath, func(truth, pred Source) ([]Sample, error) {
		return ReadTrackingSamples(truth, pred, c)
	})
}

// ReadTrackingSamples reads ground truth and tracks in nuScenes' submission format:
//
//	{"meta": {}, "results": {TOKEN: [BOX, ...], ...}}
//
// A box has translation [x, y, z], size [w, l, h], rotation [w, x, y, z], velocity [vx, vy] (a component, or the whole, may be
// null or NaN: unknown), tracking_id and tracking_name; in addition a ground-truth box has num_pts (lidar and radar points; -1 if not
// counted) and a prediction has tracking_score. A sample_token must be the token it stands under. Other fields are skipped. Missing and
// doubled fields are refused, and so is a tracking_id twice in one sample.
//
// The ground-truth file also says how the samples belong together, for every one of them, with or without boxes:
//
//	"samples": {TOKEN: {"scene_token": "...", "timestamp": us, "ego_translation": [x, y, z],
//	                    "bike_racks": [{translation, size, rotation}, ...]}}
//
// bike_racks may be left out. Both files must hold the same tokens. The first fault is returned as an [*InputError].
func ReadTrackingSamples(groundTruth, predictions Source, c TrackingConfig) ([]Sample, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return readSamples(groundTruth, predictions, c.format())
}
