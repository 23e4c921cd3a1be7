package vision

// reduction returns the largest of 8, 4, 2 and 1 by which a w x h picture can be divided, sides rounded up, and still
// have minW x minH pixels; 1 where it has not.
func reduction(w, h, minW, minH int) int {
	for _, d := range [...]int{8, 4, 2} {
		if ceilDiv(w, d) >= minW && ceilDiv(h, d) >= minH {
			return d
		}
	}
	return 1
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }
