package timeline

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/fusiond/fusiond/internal/yamlguard"
)

// Bounds of a time line.
const (
	maxEntries = 500
	maxAt      = 24 * time.Hour
)

// Parse reads a list of orders in YAML; name is used in errors. Every fault is reported at once, each with its line.
func Parse(data []byte, name string) (*Timeline, error) {
	if err := yamlguard.Check(data); err != nil {
		return nil, fmt.Errorf("read time line %s: %w", name, err)
	}
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		return nil, fmt.Errorf("read time line %s: %w", name, err)
	}
	l := &Timeline{}
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		if err := l.UnmarshalYAML(doc.Body); err != nil {
			return nil, fmt.Errorf("read time line %s: %w", name, err)
		}
	}
	return l, nil
}

// UnmarshalYAML implements yaml.NodeUnmarshaler.
func (l *Timeline) UnmarshalYAML(n ast.Node) error {
	list, ok := n.(*ast.SequenceNode)
	if !ok {
		return faultAt(n, "a time line is a list of orders, for example [{at: 4s, fog: 0.06}]")
	}
	if len(list.Values) > maxEntries {
		return faultAt(n, "%d orders: give at most %d", len(list.Values), maxEntries)
	}
	l.entries = nil
	var faults []error
	for _, v := range list.Values {
		e, errs := parseEntry(v)
		faults = append(faults, errs...)
		if len(errs) > 0 {
			continue
		}
		if n := len(l.entries); n > 0 && e.at < l.entries[n-1].at {
			faults = append(faults, faultAt(v, "at %v comes after %v: write the orders in the order of their times", e.at, l.entries[n-1].at))
		}
		l.entries = append(l.entries, e)
	}
	return errors.Join(faults...)
}

func faultAt(n ast.Node, format string, args ...any) error {
	return &yaml.SyntaxError{Message: fmt.Sprintf(format, args...), Token: n.GetToken()}
}

func parseEntry(n ast.Node) (e entry, faults []error) {
	m, ok := n.(*ast.MappingNode)
	if !ok {
		return e, []error{faultAt(n, "an order is a mapping, for example {at: 4s, fog: 0.06}")}
	}
	e.line = m.GetToken().Position.Line
	var seen []string
	for _, pair := range m.Values {
		name := pair.Key.String()
		if slices.Contains(seen, name) {
			faults = append(faults, faultAt(pair.Key, "%s is given twice", name))
			continue
		}
		seen = append(seen, name)
		if err := e.parsePair(name, pair); err != nil {
			faults = append(faults, err)
		}
	}
	if len(faults) > 0 {
		return e, faults
	}
	return e, e.check(n, seen)
}

func (e *entry) parsePair(name string, pair *ast.MappingValueNode) (err error) {
	switch name {
	case "at":
		e.at, err = parseDuration(name, pair.Value, 0, maxAt)
	case "over":
		e.over, err = parseDuration(name, pair.Value, 0, maxAt)
	case "until":
		e.until, err = parseDuration(name, pair.Value, 0, maxAt)
	case "sensor":
		e.sensors, err = parseSensors(pair.Value)
	case "visibility":
		var v float64
		if v, err = parseNumber(name, pair.Value, visibilityContrast, math.Inf(1)); err == nil {
			e.settings = append(e.settings, setting{keyNamed("fog"), [3]float64{visibilityContrast / v}})
		}
	default:
		k := keyNamed(name)
		if k == nil {
			return faultAt(pair.Key, "unknown key %q: the keys are at, over, until, sensor, visibility, %s", name, keyList())
		}
		s := setting{key: k}
		if s.value, err = k.parse(pair.Value); err == nil {
			e.settings = append(e.settings, s)
		}
	}
	return err
}

// check holds what needs the whole order.
func (e *entry) check(n ast.Node, seen []string) (faults []error) {
	fault := func(format string, args ...any) { faults = append(faults, faultAt(n, format, args...)) }
	if !slices.Contains(seen, "at") {
		fault("an order without a time: give at")
	}
	if slices.Contains(seen, "until") && e.until < e.at+e.over {
		fault("until %v is before %v, when the order has come about: the time line runs backwards", e.until, e.at+e.over)
	}
	if slices.Contains(seen, "fog") && slices.Contains(seen, "visibility") {
		fault("fog and visibility say the same: give one")
	}
	if len(e.settings) == 0 {
		fault("an order that orders nothing: give one of %s", keyList())
	}
	for _, s := range e.settings {
		if s.key.weather && len(e.sensors) > 0 {
			fault("%s is weather, the same for every sensor: leave sensor out", s.key.name)
		}
		if !s.key.weather && len(e.sensors) == 0 {
			fault("%s is a fault of a sensor: give sensor, a name or a modality", s.key.name)
		}
	}
	return faults
}

func (k *key) parse(n ast.Node) (v [3]float64, err error) {
	switch k.kind {
	case flag:
		b, ok := n.(*ast.BoolNode)
		if !ok {
			return v, faultAt(n, "%s: %s is neither true nor false", k.name, n)
		}
		if b.Value {
			v[0] = 1
		}
		return v, nil
	case duration:
		d, err := parseDuration(k.name, n, time.Duration(k.low), time.Duration(k.high))
		return [3]float64{float64(d)}, err
	case triple:
		list, ok := n.(*ast.SequenceNode)
		if !ok || len(list.Values) != 3 {
			return v, faultAt(n, "%s: give three numbers, for example [0, 0, 1]", k.name)
		}
		for i := range v {
			if v[i], err = parseNumber(k.name, list.Values[i], k.low, k.high); err != nil {
				return v, err
			}
		}
		return v, nil
	default:
		v[0], err = parseNumber(k.name, n, k.low, k.high)
		return v, err
	}
}

func parseNumber(name string, n ast.Node, low, high float64) (v float64, err error) {
	switch x := n.(type) {
	case *ast.FloatNode:
		v = x.Value
	case *ast.IntegerNode:
		if err := yaml.NodeToValue(n, &v); err != nil {
			return 0, err
		}
	default:
		return 0, faultAt(n, "%s: %s is no number", name, n)
	}
	if !(v >= low && v <= high) {
		return 0, faultAt(n, "%s: %g is not in %g..%g", name, v, low, high)
	}
	return v, nil
}

func parseDuration(name string, n ast.Node, low, high time.Duration) (time.Duration, error) {
	v, err := time.ParseDuration(n.GetToken().Value)
	if err != nil {
		return 0, faultAt(n, "%s: %q is no duration: write for example 4s or 20ms", name, n.GetToken().Value)
	}
	if v < low || v > high {
		return 0, faultAt(n, "%s: %v is not in %v..%v", name, v, low, high)
	}
	return v, nil
}

func parseSensors(n ast.Node) (names []string, err error) {
	if list, ok := n.(*ast.SequenceNode); ok {
		for _, v := range list.Values {
			one, err := parseSensors(v)
			if err != nil {
				return nil, err
			}
			names = append(names, one...)
		}
		if len(names) == 0 {
			return nil, faultAt(n, "sensor: the list is empty: name a sensor or a modality")
		}
		return names, nil
	}
	s, ok := n.(*ast.StringNode)
	if !ok || strings.TrimSpace(s.Value) == "" {
		return nil, faultAt(n, "sensor: %s is no name: give a sensor's name or camera, lidar, radar, ego", n)
	}
	return []string{s.Value}, nil
}

func keyList() string {
	names := make([]string, len(keys))
	for i := range keys {
		names[i] = keys[i].name
	}
	return strings.Join(names, ", ")
}
