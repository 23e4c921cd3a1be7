// Package compare holds a real drive beside simulated ones: it measures the same things on both, in the same way, and says by how much
// they differ.
//
//	real recording  -> sweeps, pictures, boxes -\
//	                                             >- Statistics each -> Report: distances sorted by size, plots, pictures
//	simulated drives, the same rig, like streets -/
//
// Distances between distributions are the Jensen-Shannon divergence in bits (0 = the same, 1 = nothing in common; Lin 1991) and the
// first Wasserstein distance in the unit of what is measured. Curves have the mean relative difference |a-b|/(|a|+|b|) of their points,
// 0..1 as well, so that all sort into one list. What a distance is worth shows the one between the two halves of the real drive.
//
// Output is a function of the recording and the options: no clock, no map order. Only sim.Drive.Run starts goroutines.
package compare
