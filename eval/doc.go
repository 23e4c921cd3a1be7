// Package eval scores detected objects and tracks against ground truth with the nuScenes metrics. Detection: average
// precision over centre distance, five true-positive errors, mAP and the nuScenes detection score (NDS). Tracking: AMOTA
// and AMOTP over recalls, and the CLEAR MOT figures at the score of highest MOTA.
//
// The cores, [EvaluateDetection] and [ScoreTracking], are pure functions of a []Sample: no files, no clock, no goroutine.
// A result depends only on the arguments, including their order: among equal detection scores the prediction that comes
// later is matched first, and among equally distant ground truths the earlier one is taken. [ReadSamples], [LoadSamples]
// and their tracking counterparts are the shell around it: they turn two files in nuScenes' submission format into
// samples, keep the order of the files, and refuse what cannot be scored with an [InputError] that names the file, sample,
// box, field and cure.
//
// Method: nuScenes detection evaluation (Caesar et al., CVPR 2020), configuration detection_cvpr_2019, and tracking
// evaluation, configuration tracking_nips_2019, as done by the public nuscenes-devkit; its evaluation order, interpolation
// and treatment of unknown values are kept, where they differ from its own text too.
//
// Units are metres, radians and seconds. Positions and rotations are in one global frame, z up. Box sizes are width,
// length, height; quaternions are w, x, y, z, of any length but zero.
package eval
