// Package material says what surfaces look like to a camera, a lidar and a radar.
package material

// ID of an entry of Table.
type ID uint16

// Pattern varies the colour over a surface; the coordinates are those of the static world or of the object, in metres.
type Pattern uint8

// The patterns.
const (
	Plain    Pattern = iota
	Speckle          // fine noise: asphalt, gravel, render
	Blotches         // noise of half a metre and more: worn road, grass, bark
	Bricks           // courses with joints
	Windows          // a facade: rows of dark panes in a wall
	Foliage          // leaves: strong contrast at 5 to 20 cm
	Slabs            // pavement: slabs with joints
	Stripes          // barriers and signs: slanting bands of 15 cm
	Flow             // a sheen that varies over metres: paint, water, dirty glass
)

// Material is one kind of surface.
type Material struct {
	Name string
	// Albedo is the diffuse reflectance in linear RGB, 0..1; the second colour is what the pattern mixes in.
	Albedo, Second [3]float32
	Pattern        Pattern
	// Gloss is the share of light reflected as by a mirror at normal incidence (Fresnel raises it at grazing angles).
	Gloss float32
	// Emission in linear RGB (1 = a white surface in full sun); lamps and lit windows, at night.
	Emission [3]float32
	// Lidar is the diffuse reflectance at 905 nm, 0..1. Retro multiplies the return of retro-reflectors (0 = none): plates, signs, tape.
	Lidar, Retro float32
	// Glass lets a lidar beam and light through with this probability (0 = opaque).
	Clear float32
	// Radar is the reflection loss of the surface as a mirror at 77 GHz in dB (0 = metal, 6 = concrete, 30 = none): for ghosts and ground clutter.
	RadarLossDB float32
}
