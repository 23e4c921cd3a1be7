package suite

import (
	"strconv"
	"strings"
)

// text writes a figure with so many decimals, "-" where it is not defined.
func (n Number) text(decimals int) string {
	if !n.Known() {
		return "-"
	}
	return strconv.FormatFloat(float64(n), 'f', decimals, 64)
}

// words of a subset's name.
func words(sensors string) []string { return strings.Split(sensors, "+") }
