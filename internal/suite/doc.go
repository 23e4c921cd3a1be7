// Package suite measures what a network is worth when weather comes and sensors fail: the robustness suite.
//
//	seeds.txt, conditions.go     test worlds that training never saw, and what is done to them
//	  -> recordings              short drives, simulated once into a cache; faults are laid over them with sim/degrade
//	  -> pipeline.Process        every drive through the real pipeline in event time, for subsets of the sensors
//	  -> outcomes                detections and ground truth of each, one file a unit in the cache
//	  -> eval                    figures, pooled over the worlds
//	  -> Report                  JSON, one HTML page, Markdown
//
// Contracts:
//   - Ground truth is what clean sensors would have seen: fog does not remove the objects that it hides.
//   - A unit's file is named by the hash of everything that its content depends on: the recording's making, the model package, the strategy, the
//     program. What was made of anything else is never used. A damaged file is made again, and said so.
//   - Interrupted at any point, a run goes on with the next one and ends with the same report; only the measured network time differs.
//   - Simulated and real drives are never pooled, and every part of a report says which it is.
//   - Goroutines are started by Run alone, which waits for them.
package suite
