// Package radar is the simulator's automotive radar: from a moment of the world to the list of detections that one measurement cycle of
// a 77 GHz unit sends. It models what the unit reports (range, azimuth, range rate, cross section of each resolved peak), not the wave.
//
// A cycle, in the order of Radar.Scan:
//
//  1. Points. Scattering centres of the targets by class and aspect (body.Scatterer), furniture, fronts of walls, and the ghosts of
//     both: apparent range, direction, range rate and mean cross section each. What the scene hides is left out (see sight.go).
//  2. Power. Relative to a calibration point,
//     SNR = SNR_ref + (rcs - 10 dBsm) - 40 log10(R / 160 m) + pattern(azimuth, elevation) (effect.Radar.SNRdB).
//  3. Cells. Returns closer than one cell in all of range, range rate and azimuth are one: powers add, places are weighted by power.
//  4. Detection, Swerling I: P_d = P_fa^(1/(1 + SNR)) (effect.Radar.Detects). The complex amplitudes of many small scatterers are
//     Gaussian, so the power z in a cell, in units of the noise, is exponential with mean 1 + SNR, and P(z > T) is that P_d for
//     T = -ln P_fa. A detected cell therefore reports z = T + (1 + SNR) Exp(1), exactly the part of the distribution above T.
//  5. Weather and faults on the list (effect.Radar.Apply), with the mean powers: rain and fog, blockage, interference, rain clutter.
//  6. Measurement. Noise of sd cell/sqrt(2 z), at least a tenth of a cell; ambiguity of the range rate; flags; the strongest first.
//
// Sources: radar equation, Swerling (1954) and cells as in Skolnik, Introduction to Radar Systems; fields, cells and rates of an
// ARS 408-21 from the vendor's data sheet; shares of ghosts and clutter are project defaults and not measurements.
//
// All is a function of Spec, Moment and conditions; chance comes from the Moment's keys. No clock, no goroutine.
package radar
