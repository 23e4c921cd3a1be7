// Package effect is the physics of weather and faults on data: what fog, rain, snow, spray, water, dirt, low sun and broken hardware do
// to lidar returns, pictures, radar detections and messages. The simulator and `fusiond degrade` apply the same code, the one to what it
// has rendered, the other to real recordings.
//
// Contracts:
//   - Everything is a function of its arguments. Chance comes from chance.Key: a sensor's key for what stays in place on it (dirt, lost
//     beams, drops on the lens) and the key of a sweep or frame below it for the rest. Same keys, same bytes.
//   - Conditions of zero change nothing, bit for bit. What was finite stays finite.
//   - A light effect is the limit of no effect: whatever a clear sensor returned is not lost by an extinction that goes to zero.
//   - One extinction coefficient per scene (fog + rain + snow) drives camera and lidar.
//   - The types named for a sensor (Lidar, Camera) own tables and scratch memory: one instance serves one sensor at a time. After a first
//     call nothing is allocated per point or pixel.
//
// Intensities are 0..1 of full scale, ranges metres, angles radians, radiances linear with 1 = the sensor's white. Axes are the vehicle's
// (x forward, y left, z up) unless said otherwise.
package effect
