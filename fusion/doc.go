// Package fusion turns the tokens of one set into objects.
//
//	tokens, lift table, presence, reliability, age  ->  Fuser (one ONNX network a strategy)  ->  heat, boxes, attention
//	heat, boxes   -> Decoder  -> detections (peaks, one box each)  -> Suppress -> the best of those that overlap
//	attention     -> Shares   -> how much of each detection rests on which sensor
//	detections    -> fusion/track -> objects with ids            presence -> fusion/mode -> operating mode
//
// Every strategy sits behind the same network interface and the same decoding, so that they can be compared and swapped.
// A modality that is absent contributes exactly nothing: whatever its buffer holds, not one bit of the output changes. The
// networks guarantee it by selecting values instead of multiplying by zero, and a test holds it for every subset.
//
// Decoding, suppression, shares, tracking and modes are pure functions of their arguments.
package fusion
