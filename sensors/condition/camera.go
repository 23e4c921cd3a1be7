package condition

import (
	"bytes"
	"fmt"
	"math"

	"github.com/fusiond/fusiond/sensors"
)

// Camera judges the pictures of one camera. It takes the network's picture and judges what the network can see: what does not show at
// its resolution (a defocus below its pixel) costs nothing. It gives Frozen, Blocked, Dark, Glare, Fog and Blur:
//
//	Frozen   the picture is the same byte for byte; a sensor's noise differs from one exposure to the next
//	Blocked  blocks of the picture became dark and flat and stay so; or the whole picture is flat
//	Dark     mean brightness
//	Glare    a saturated spot with a veil: around it even the darkest things are bright, and detail is gone from the picture
//	Fog      Koschmieder: far things are lifted towards the airlight (the dark channel rises to it) and lose contrast
//	Blur     fine detail is missing where there is coarse detail
//
// Blocked in part, Glare where its veil is thin, and Fog where things nearby fill the far band are judged against what the camera usually
// gives; the rest is absolute and needs no history. Not safe for concurrent use.
type Camera struct {
	look   look
	levels levels
	// prev is the picture before, have that there was one, same how often it came again.
	prev []uint8
	have bool
	same int
	// seen counts the pictures up to blockSamples.
	block [numBlocks]block
	seen  int
	// detail is the usual relative contrast of the picture, far the average contrast of its far band.
	detail baseline
	far    float64
}

// block is what a block of the picture gave on average: its relative contrast and its brightness. covered counts the samples in a row in
// which it has been dark and flat against that.
type block struct {
	contrast, mean float64
	covered        int
}

// The thresholds of the camera. Where a figure of clear pictures is named, it is from the real drive (six cameras, 8 s, daylight) and
// from simulated clear drives (18 s of six cameras); faults are simulated ones, on simulated and real pictures.
const (
	// Three equal pictures are two repeats: the practice in the field (stuck sensor: the same payload three times).
	frozenRepeats = 2

	// Clear pictures have a mean of 65 (lit street at night) to 132; a tenth of the light leaves 24 to 30.
	darkOnset, darkFull = 50, 15

	// Veil of the far band: clear up to 0.5 (a bright wall), fog of 50 m visibility 0.57 to 0.84, which is 1 - exp(-0.06 d) at 15 to 30 m.
	fogVeilOnset, fogVeilFull = 0.35, 0.75
	// Contrast of the far band: clear down to 0.06, fog of 50 m visibility 0.01 to 0.03 where the camera looks down a street.
	fogContrastOnset, fogContrastFull = 0.07, 0.02
	// Where things nearby fill the band, it keeps 0.04 to 0.09 in the same fog: a third of what it was. A bright wall alongside takes half.
	fogNearVeilOnset, fogNearVeilFull = 0.25, 0.50
	fogNearLossOnset, fogNearLossFull = 0.50, 0.75

	// Fine over coarse detail tends to 1/4 for a wide blur (differences grow with the distance) and is 0.5 and more for sharp edges; clear
	// pictures have 0.39 to 0.58. A defocus of two of the picture's pixels leaves 0.27. Pictures without detail cannot be judged.
	blurOnset, blurFull = 0.34, 0.26
	blurDetail          = 1.5

	// A spot of 0.5 % of the picture is a disc of 3 degrees: the sun and its bloom; white walls and lamps of clear pictures stay below 0.3 %
	// where the veil is high. Around the spot, clear pictures have 0 to 0.31, a low sun 0.33 and more.
	glareSpotOnset, glareSpotFull = 0.003, 0.006
	glareHaloOnset, glareHaloFull = 0.33, 0.60
	glareThinOnset, glareThinFull = 0.28, 0.36
	glareLossOnset, glareLossFull = 0.15, 0.50
	// Much more than a bright sky: nothing of a picture is usable where it is white.
	glareWhiteOnset, glareWhiteFull = 0.35, 0.80

	// A covered block keeps two fifths of its contrast or less and is darker by a sixth: cover is opaque and out of focus. Six samples in a
	// row tell it from what passes by: clear pictures have up to 0.10 of their blocks so, dirt on 40 % of the lens 0.17 to 0.20, or 0.07 where
	// the picture had little contrast to lose.
	coverContrast, coverDarker = 0.40, 0.85
	coverSamples               = 6
	blockedOnset, blockedFull  = 0.10, 0.30
	// The average of a block follows the scene, and that of a covered block its cover. The first samples are averaged.
	blockS, coverS = 5.0, 50.0
	blockSamples   = 10
	// Blocks with a contrast below this never show whether they are covered.
	textured = 0.04
	// Nothing to see at all, in grey levels between pixels four apart; clear pictures have 5 and more, fog of 50 m 1.5.
	flatOnset, flatFull = 0.9, 0.3
)

// NewCamera makes the monitor of a camera whose pictures have the given size, at least 32x12. Pixels whose three channels are all fill
// count as not seen by the camera (sensors/camera.Fill).
func NewCamera(width, height int, fill uint8) (*Camera, error) {
	if width < blockCols || height < blockRows {
		return nil, fmt.Errorf("make camera monitor: pictures of %dx%d: need %dx%d or more", width, height, blockCols, blockRows)
	}
	return &Camera{look: newLook(width, height, fill), prev: make([]uint8, 3*width*height)}, nil
}

// Update judges the picture of stamp: 3*height*width bytes, the planes red, green, blue, row-major. The monitor keeps no reference to it.
// A picture of another size is an error and changes nothing.
func (c *Camera) Update(picture []uint8, stamp sensors.StampNs) (Condition, error) {
	if len(picture) != len(c.prev) {
		return Condition{}, fmt.Errorf("judge picture: %d bytes, want 3 planes of %dx%d: give the network's picture",
			len(picture), c.look.w, c.look.h)
	}
	dt := c.levels.clock.step(stamp)
	c.look.take(picture)
	var s severities
	c.absolute(&s)
	c.compare(&s, dt)
	c.frozen(&s, picture)
	return c.levels.update(&s, sensors.Camera, dt), nil
}

// absolute judges what needs no history.
func (c *Camera) absolute(s *severities) {
	l := &c.look
	s.set(Dark, l.brightness, darkOnset, darkFull)
	s.set(Fog, l.veil, fogVeilOnset, fogVeilFull)
	s.of[Fog] = min(s.of[Fog], ramp(l.contrast, fogContrastOnset, fogContrastFull))
	if l.detail >= blurDetail {
		s.set(Blur, l.sharpness, blurOnset, blurFull)
	}
}

// compare judges against what the camera usually gives, and learns.
func (c *Camera) compare(s *severities, dt float64) {
	l := &c.look
	p := paceOf(dt, c.levels.alarmed())
	relative := l.detail / (l.brightness + 8)
	lost := c.detail.missing(relative)
	veil := max(ramp(l.halo, glareHaloOnset, glareHaloFull),
		min(ramp(l.halo, glareThinOnset, glareThinFull), ramp(lost, glareLossOnset, glareLossFull)))
	s.set(Glare, l.halo, glareThinOnset, glareThinFull)
	white := ramp(l.spot, glareWhiteOnset, glareWhiteFull)
	s.of[Glare] = max(min(veil, ramp(l.spot, glareSpotOnset, glareSpotFull)), white)
	c.detail.learn(relative, &p)

	if c.seen >= warmSamples {
		near := min(ramp(l.veil, fogNearVeilOnset, fogNearVeilFull), ramp(1-l.contrast/max(c.far, 1e-9), fogNearLossOnset, fogNearLossFull))
		if near > s.of[Fog] {
			s.of[Fog], s.onset[Fog] = near, fogNearVeilOnset
		}
	}
	c.learnFar(dt)

	s.set(Blocked, ratio(c.blocks(dt)), blockedOnset, blockedFull)
	flat := ramp(l.detail, flatOnset, flatFull)
	if flat > s.of[Blocked] {
		s.of[Blocked], s.value[Blocked] = flat, 1
	}
	s.of[nothing] = max(flat, white)
}

// learnFar lets the average contrast of the far band follow the scene, slowly while an alarm stands.
func (c *Camera) learnFar(dt float64) {
	step := 1 - math.Exp(-dt/blockS)
	if c.levels.alarmed() {
		step = 1 - math.Exp(-dt/coverS)
	}
	if c.seen < blockSamples {
		step = max(step, 1/float64(c.seen+1))
	}
	c.far += (c.look.contrast - c.far) * step
}

// blocks counts the blocks that have been covered for some samples, and all that can be judged.
func (c *Camera) blocks(dt float64) (covered, judged int) {
	l := &c.look
	c.seen = min(c.seen+1, blockSamples)
	follow, slow := 1-math.Exp(-dt/blockS), 1-math.Exp(-dt/coverS)
	if c.seen < blockSamples {
		follow = max(follow, 1/float64(c.seen))
	}
	for i := range numBlocks {
		if l.pixels[i] == 0 {
			continue
		}
		b, contrast, step := &c.block[i], l.coarse[i]/(l.mean[i]+8), follow
		if b.contrast >= textured || contrast >= textured {
			judged++
		}
		if b.contrast >= textured && contrast < coverContrast*b.contrast && l.mean[i] < coverDarker*b.mean {
			b.covered = min(b.covered+1, coverSamples)
		} else {
			b.covered = 0
		}
		if b.covered == coverSamples {
			covered, step = covered+1, slow
		}
		b.contrast, b.mean = b.contrast+(contrast-b.contrast)*step, b.mean+(l.mean[i]-b.mean)*step
	}
	return covered, judged
}

// frozen compares with the picture before and keeps a copy.
func (c *Camera) frozen(s *severities, picture []uint8) {
	if c.have && bytes.Equal(picture, c.prev) {
		c.same = min(c.same+1, 1<<20)
	} else {
		c.same = 0
		copy(c.prev, picture)
		c.have = true
	}
	s.set(Frozen, float64(c.same+1), frozenRepeats, frozenRepeats+1)
}
