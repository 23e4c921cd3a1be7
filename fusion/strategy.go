package fusion

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/fusiond/fusiond/encoders"
	"github.com/fusiond/fusiond/internal/onnx"
	"github.com/fusiond/fusiond/sensors"
)

// Strategy fuses the tokens of one set. Implementations are used by one goroutine at a time.
type Strategy interface {
	// Name as in the configuration and the model manifest.
	Name() string
	// Fuse returns an output that is valid until the next call. Every non-empty subset of modalities has an answer; with
	// nothing present the output is what the network makes of nothing, and must not be published as objects.
	Fuse(ctx context.Context, in *Input) (*Output, error)
	Close() error
}

// Input is one set's tokens and what is known of them. Modalities are in the order lidar, radar, camera.
type Input struct {
	// Lidar and Radar are nil when absent.
	Lidar, Radar *encoders.Tokens
	// SetFromSweep maps the ego frame at the sweep's stamp into the ego frame at the set's time: the tokens are warped by it. nil
	// when both are the same.
	SetFromSweep *sensors.Pose
	// Tables holds one polar table a camera slot, nil when absent. Lift places them; it is built for the same cameras.
	Tables []*encoders.Tokens
	Lift   *encoders.LiftTable
	// Reliability is 0..1 and AgeS at least 0, s. Values of absent modalities do not matter.
	Reliability, AgeS [sensors.NumFused]float32
	// Sightings are what the package's foreign members found in the pictures of the cameras present, for the strategy "late"; Points the
	// sweep behind Lidar in the ego frame at its stamp, with which they are lifted.
	Sightings []Sighting
	Points    []sensors.Point
}

// Sighting is what one foreign member found in one camera's picture.
type Sighting struct {
	// Member is its name in the package's manifest.
	Member string
	// Camera holds the member's view of the camera (Detector2D.View), and where the camera was.
	Camera encoders.LiftCamera
	Boxes  []encoders.Box2D
}

// Present tells which modalities have tokens.
func (in *Input) Present() (p [sensors.NumFused]bool) {
	p[sensors.Lidar], p[sensors.Radar] = in.Lidar != nil, in.Radar != nil
	for _, t := range in.Tables {
		p[sensors.Camera] = p[sensors.Camera] || t != nil
	}
	return p
}

// Output of a strategy: views into its buffers.
type Output struct {
	// Heat [classes, Heads, Heads] and Reg [10, Heads, Heads]: see Decoder.Decode. Where members have decided, Heat is the highest of
	// theirs, for those who look at maps, and Reg is nil.
	Heat, Reg []float32
	// Opinions of the members that are present, of a strategy that decides late. Decoder.Detections reads both kinds of
	// output.
	Opinions []Opinion
	// Mass is the mean attention a modality; Attention [3, Tokens, Tokens] the attention a cell.
	Mass, Attention []float32
}

// NewStrategy opens the named fuser of a package.
func NewStrategy(rt *onnx.Runtime, p *encoders.Package, name string, o encoders.Options) (Strategy, error) {
	spec, ok := p.Fusers[name]
	if !ok {
		return nil, fmt.Errorf("fusion strategy %q: the model package %s has %s: choose one of them", name, p.Dir,
			strings.Join(slices.Sorted(maps.Keys(p.Fusers)), ", "))
	}
	n, err := newNetwork(rt, p, name, spec, o)
	if err != nil {
		return nil, err
	}
	if name != LateStrategy {
		return n, nil
	}
	l, err := newLate(n, p)
	if err != nil {
		return nil, err
	}
	return l, nil
}
