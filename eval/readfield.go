package eval

import (
	"fmt"
	"math"
)

// vector reads exactly len(v) finite numbers.
func (r *fileReader) vector(v []float64) error {
	n := 0
	err := r.array(func(i int) error {
		x, err := r.number()
		if err == nil && i < len(v) {
			v[i] = x
		}
		n = i + 1
		if err == nil && (math.IsNaN(x) || math.IsInf(x, 0)) {
			return refuse("", fmt.Sprintf("element %d is %v", i, x), "give finite numbers")
		}
		return err
	})
	if err == nil && n != len(v) {
		return refuse("", fmt.Sprintf("%d numbers where %d are expected", n, len(v)), "give the field as the format has it")
	}
	return err
}

// velocity reads two numbers, each of which, or both at once, may be null or NaN.
func (r *fileReader) velocity(v *[2]float64) error {
	b, err := r.peek()
	if err != nil {
		return err
	}
	if b != '[' {
		x, err := r.number()
		if err == nil && !math.IsNaN(x) {
			return refuse("", "one number where two are expected", "give [vx, vy], or null where it is unknown")
		}
		v[0], v[1] = math.NaN(), math.NaN()
		return err
	}
	n := 0
	err = r.array(func(i int) error {
		x, err := r.number()
		if i < len(v) {
			v[i] = x
		}
		n = i + 1
		return err
	})
	if err == nil && n != len(v) {
		return refuse("", fmt.Sprintf("%d numbers where 2 are expected", n), "give [vx, vy], or null where it is unknown")
	}
	return err
}

func (r *fileReader) class(dst *string) error {
	name, err := r.string()
	if err != nil {
		return err
	}
	k, ok := r.index[string(name)]
	if !ok {
		return refuse("", fmt.Sprintf("unknown class %q", name), "use one of the classes of "+r.configName+", or leave the box out")
	}
	*dst = r.classes[k].Name // shared, not a copy for each box
	return nil
}

// text reads a string that names something.
func (r *fileReader) text(dst *string) error {
	s, err := r.string()
	if err == nil && len(s) == 0 {
		return refuse("", "empty", "give it a name")
	}
	*dst = string(s)
	return err
}

// timestamp reads a time in whole microseconds, such as float64 can hold.
func (r *fileReader) timestamp(dst *int64) error {
	const most = 1 << 53
	x, err := r.number()
	if err == nil && !(x >= 0 && x <= most && x == math.Trunc(x)) {
		return refuse("", fmt.Sprintf("%v us", x), "give the time in whole microseconds")
	}
	*dst = int64(x)
	return err
}

func (r *fileReader) attribute(dst *string) error {
	name, err := r.string()
	if err != nil {
		return err
	}
	a, ok := attributes[string(name)]
	if !ok {
		return refuse("", fmt.Sprintf("unknown attribute %q", name), `use one of nuScenes' attributes, or "" for none`)
	}
	*dst = a
	return nil
}

func (r *fileReader) score(dst *float64) error {
	x, err := r.number()
	if err == nil && (math.IsNaN(x) || math.IsInf(x, 0)) {
		return refuse("", fmt.Sprintf("%v", x), "give each prediction a finite confidence")
	}
	*dst = x
	return err
}

func (r *fileReader) count(dst *int) error {
	x, err := r.number()
	if err == nil && !(x >= UnknownPoints && x <= math.MaxInt32 && x == math.Trunc(x)) {
		return refuse("", fmt.Sprintf("%v points", x), "give the number of lidar and radar points, or -1 if they were not counted")
	}
	*dst = int(x)
	return err
}

func (r *fileReader) sameToken() error {
	token, err := r.string()
	if err == nil && string(token) != r.token {
		return refuse("", fmt.Sprintf("%q, but the box stands under %q", token, r.token), "put the box under its own sample")
	}
	return err
}
