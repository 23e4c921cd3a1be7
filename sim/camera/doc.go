// Package camera is the simulator's camera: it renders what a geom.Scene looks like in linear radiance through a lens of the rig, and
// develops that into the 8-bit picture and the JPEG that a vehicle's camera sends.
//
// The chain, one step a type: Camera (lens and size, immutable, shared) makes Frames (the memory of one picture at a time); Frame.Begin
// takes a Moment, RenderRows casts rays, Finish ends the picture that needs all rows (ambient occlusion, lamps); Developer applies
// weather and faults, exposes, adds noise and encodes.
//
// Radiances and irradiances are linear RGB. The unit is a white diffuser in full sun: a surface of reflectance 1 that faces the sun at a
// clear noon has radiance 1 (about 32,000 cd/m2), and its irradiance is called 1 (fullSunLux). The factor pi between irradiance and
// radiance is taken in: radiance = reflectance * irradiance.
//
// Everything is a function of its arguments; chance comes from the Moment's keys and the pixel. The same Moment gives the same picture
// whatever the bands of rows and the number of goroutines.
package camera
