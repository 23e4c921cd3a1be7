package condition

import (
	"fmt"

	"github.com/fusiond/fusiond/sensors"
)

// Reason names what is wrong with a stream's data. Where two explain a sample equally well, the one with the smaller number is named.
type Reason uint8

// The reasons. Which monitor can give which, and by what measure, is told by the monitors.
const (
	// None: nothing is wrong, or not enough to be named.
	None Reason = iota
	// Frozen: the same content comes again and again with new stamps.
	Frozen
	// Blocked: a part of the aperture is covered: by dirt, snow, a hand.
	Blocked
	// BeamsLost: rings of a lidar that gave returns give none.
	BeamsLost
	// Dark: too little light for a picture.
	Dark
	// Glare: a bright source has saturated a part of the picture.
	Glare
	// Fog: what is far vanishes behind scattered light; also dense smoke, snowfall or spray.
	Fog
	// BackScatter: faint returns from drops or flakes all around close to a lidar, which still sees far.
	BackScatter
	// Blur: no fine detail: out of focus, or water on the lens.
	Blur
	// Interference: the noise floor of a radar has risen.
	Interference
	// FewReturns: far fewer returns or detections than the stream used to give, all over the field of view.
	FewReturns
	// Miscalibrated: the ground is not where the rig says that it is.
	Miscalibrated

	numReasons
)

var reasonNames = [numReasons]string{
	None: "", Frozen: "frozen", Blocked: "blocked", BeamsLost: "beams lost", Dark: "dark", Glare: "glare", Fog: "fog",
	BackScatter: "back-scatter", Blur: "blur", Interference: "interference", FewReturns: "few returns", Miscalibrated: "miscalibrated",
}

// String returns the reason in words, as health shows it: "fog", "few returns"; empty for None.
func (r Reason) String() string {
	if r < numReasons {
		return reasonNames[r]
	}
	return fmt.Sprintf("reason %d", uint8(r))
}

// Condition is what a stream's data is worth.
type Condition struct {
	// Reliability is 1 for good data, down to 0 for data without worth. It falls with the severity of what is wrong, and falls a
	// little before anything is named.
	Reliability float64
	// Reason is what is named; None when nothing is.
	Reason Reason
	// Modality of the stream.
	Modality sensors.Modality
	// Value is the latest measure behind Reason, and Onset where that begins to count against the stream; both are zero for None.
	// What is measured, in words, is told by String.
	Value, Onset float64
}

// Good reports that nothing is named.
func (c Condition) Good() bool { return c.Reason == None }

// String tells the condition in words with its measure, for logs and views, for example
// "fog: veil over the far picture, as a share of its brightest 0.71, normal up to 0.35". Empty for None.
func (c Condition) String() string {
	if c.Reason == None {
		return ""
	}
	name := c.Reason.String()
	m := measures[c.Reason]
	if c.Modality == sensors.Radar && c.Reason == Blocked {
		m = measure{"median radar cross-section, dB below its usual", true}
	}
	if c.Modality == sensors.Lidar && c.Reason == Fog {
		m = measure{"distance within which 99 % of the returns lie, m", false}
	}
	if c.Modality == sensors.Lidar && c.Reason == Blocked {
		m = measure{"share of directions that give no return any more", true}
	}
	if m.what == "" {
		return name
	}
	side := "up to"
	if !m.above {
		side = "from"
	}
	return fmt.Sprintf("%s: %s %.3g, normal %s %.3g", name, m.what, c.Value, side, c.Onset)
}

// measure says what Condition.Value is, and whether above its onset is bad (or below).
type measure struct {
	what  string
	above bool
}

var measures = [numReasons]measure{
	Frozen:        {"samples with the same content", true},
	Blocked:       {"share of the picture that went dark and flat", true},
	BeamsLost:     {"share of rings without returns", true},
	Dark:          {"mean brightness of 255", false},
	Glare:         {"veil around a saturated spot, as a share of white", true},
	Fog:           {"veil over the far picture, as a share of its brightest", true},
	BackScatter:   {"share of directions with a faint return within 3 m", true},
	Blur:          {"fine over coarse detail", false},
	Interference:  {"noise floor, dB above its usual", true},
	FewReturns:    {"share of the usual returns that are missing", true},
	Miscalibrated: {"slope of the ground, degrees", true},
}
