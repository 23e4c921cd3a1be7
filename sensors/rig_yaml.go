package sensors

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/parser"

	"github.com/fusiond/fusiond/internal/yamlguard"
)

// Bounds of a rig, far outside any vehicle: they catch millimetres, degrees and swapped fields. yamlguard bounds the file.
const (
	maxSensors = 64
	maxNameLen = 64

	maxBodyM     = 50
	maxMountM    = 100
	maxRateHz    = 1000
	maxPhaseMs   = 60_000
	maxRangeM    = 2000
	maxImageSide = 16_384
	maxFocalPx   = 1e6
	maxDistort   = 1e6
)

// LoadRig reads and validates a rig file. The error is a *RigError with every fault, or what opening the file gave.
func LoadRig(path string) (*Rig, error) {
	f, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, fmt.Errorf("load rig: %w: name an existing rig file", err)
	}
	data, err := io.ReadAll(io.LimitReader(f, yamlguard.MaxBytes+1))
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("load rig %s: %w: check the disk and the file's permissions", path, err)
	}
	return ParseRig(data, path)
}

// ParseRig reads and validates a rig in YAML; name is used in errors. Keys are strict. Every fault is reported at once
// in a *RigError, except that a file which is not YAML at all has only the one.
func ParseRig(data []byte, name string) (*Rig, error) {
	r := rigReader{err: RigError{Name: name}}
	var rig *Rig
	if root, ok := r.root(data); ok {
		rig = r.rig(root)
	}
	if len(r.err.Faults) > 0 {
		return nil, &r.err
	}
	return rig, nil
}

// root parses the text into one tree, after the bounds.
func (r *rigReader) root(data []byte) (entry, bool) {
	const cure = "give one file with one vehicle's rig"
	var excess *yamlguard.Error
	if errors.As(yamlguard.Check(data), &excess) {
		r.fault(excess.Line, "file", excess.Got, excess.Want, cure)
		return entry{}, false
	}
	file, err := parser.ParseBytes(data, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		line, text := 0, err.Error()
		var syntax yaml.Error
		if errors.As(err, &syntax) {
			text = syntax.GetMessage()
			if t := syntax.GetToken(); t != nil && t.Position != nil {
				line = t.Position.Line
			}
		}
		r.fault(line, "file", shorten(text), "YAML", "correct the syntax; check the indentation")
		return entry{}, false
	}
	if len(file.Docs) != 1 || file.Docs[0].Body == nil {
		r.fault(1, "file", fmt.Sprintf("%d documents", len(file.Docs)), "one document with a rig", cure)
		return entry{}, false
	}
	body := file.Docs[0].Body
	return entry{node: body, line: max(1, lineOf(body))}, true
}

func (r *rigReader) rig(root entry) *Rig {
	o, ok := r.object(root, "vehicle", "revision", "body", "sensors")
	if !ok {
		return nil
	}
	rig := &Rig{}
	rig.Vehicle, _ = r.token(o.get("vehicle"), "the vehicle's id")
	rig.Revision, _ = r.text(o.get("revision"), "a revision", "name the calibration's version, for example a date")
	if n := len(rig.Revision); n > maxNameLen {
		r.fault(o.get("revision").line, "revision", fmt.Sprintf("%d bytes", n), fmt.Sprintf("at most %d", maxNameLen), "shorten it")
	}
	rig.Body = r.body(o.get("body"))
	items, ok := r.list(o.get("sensors"), 1, maxSensors, "sensors", "list the vehicle's sensors")
	if !ok {
		return rig
	}
	lines := make(map[SensorID]int, len(items))
	for _, item := range items {
		s, nameLine := r.sensor(item)
		if first, twice := lines[s.Name]; twice && s.Name != "" {
			r.fault(nameLine, fmt.Sprintf("%s(%s).name", item.field, s.Name), fmt.Sprintf("%q a second time (first in line %d)", s.Name, first),
				"every name once", "rename one of the two")
		}
		lines[s.Name] = nameLine
		rig.Sensors = append(rig.Sensors, s)
	}
	return rig
}

func (r *rigReader) body(e entry) Body {
	o, ok := r.object(e, "length_m", "width_m", "height_m", "rear_overhang_m")
	if !ok {
		return Body{}
	}
	size := func(key string) float64 {
		v, _ := r.number(o.get(key), 0, maxBodyM, true, "metres", "measure the vehicle")
		return v
	}
	b := Body{LengthM: size("length_m"), WidthM: size("width_m"), HeightM: size("height_m")}
	over := o.get("rear_overhang_m")
	b.RearOverhangM, ok = r.number(over, 0, maxBodyM, false, "metres", "measure from the rear axle to the rear bumper")
	if ok && b.LengthM > 0 && b.RearOverhangM >= b.LengthM {
		r.fault(over.line, over.field, fmt.Sprintf("%g", b.RearOverhangM), fmt.Sprintf("less than the length %g", b.LengthM),
			"measure from the rear axle to the rear bumper")
	}
	return b
}

// token reads a string that can stand in a NATS subject.
func (r *rigReader) token(e entry, what string) (string, bool) {
	s, ok := r.text(e, what, "give a short name")
	if !ok {
		return "", false
	}
	if !isToken(s) {
		r.fault(e.line, e.field, fmt.Sprintf("%q", shorten(s)), fmt.Sprintf("1 to %d of A-Z a-z 0-9 _ -", maxNameLen),
			"it becomes a token of NATS subjects: rename it")
		return "", false
	}
	return s, true
}

// isToken reports whether s can be a token of a NATS subject anywhere: no dots, wildcards, spaces or control characters.
func isToken(s string) bool {
	for _, c := range []byte(s) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_', c == '-':
		default:
			return false
		}
	}
	return s != "" && len(s) <= maxNameLen
}
