package degrade

// defaultQuality stands for a JPEG whose tables cannot be read.
const defaultQuality = 90

// annexK is the luminance quantisation table of ITU-R T.81, annex K.1, in zig-zag order; encoders scale it by their quality.
var annexK = [64]int{
	16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40,
	26, 24, 22, 22, 24, 49, 35, 37, 29, 40, 58, 51, 61, 60, 57, 51,
	56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81, 87,
	95, 98, 103, 104, 103, 62, 77, 113, 121, 112, 100, 120, 92, 101, 103, 99,
}

// jpegQuality estimates the quality, 1 to 100, of a JPEG as the Independent JPEG Group's scale has it: the one whose luminance table is
// nearest to the file's.
func jpegQuality(data []byte) int {
	table, ok := luminanceTable(data)
	if !ok {
		return defaultQuality
	}
	best, least := defaultQuality, 1<<30
	for q := 1; q <= 100; q++ {
		scale := 200 - 2*q
		if q < 50 {
			scale = 5000 / q
		}
		off := 0
		for i, k := range annexK {
			d := table[i] - min(max((k*scale+50)/100, 1), 255)
			off += max(d, -d)
		}
		if off < least {
			best, least = q, off
		}
	}
	return best
}

// luminanceTable finds quantisation table 0, in zig-zag order.
func luminanceTable(data []byte) (table [64]int, ok bool) {
	const (
		soi = 0xd8
		sos = 0xda
		dqt = 0xdb
	)
	if len(data) < 4 || data[0] != 0xff || data[1] != soi {
		return table, false
	}
	for at := 2; at+4 <= len(data) && data[at] == 0xff; {
		marker, n := data[at+1], int(data[at+2])<<8|int(data[at+3])
		if marker == sos || n < 2 || at+2+n > len(data) {
			return table, false
		}
		for p := data[at+4 : at+2+n]; marker == dqt && len(p) > 0; {
			wide := p[0]>>4 != 0 // 16-bit values
			size := 1 + 64
			if wide {
				size += 64
			}
			if len(p) < size {
				return table, false
			}
			if p[0]&15 == 0 {
				for i := range table {
					if table[i] = int(p[1+i]); wide {
						table[i] = int(p[1+2*i])<<8 | int(p[2+2*i])
					}
				}
				return table, true
			}
			p = p[size:]
		}
		at += 2 + n
	}
	return table, false
}
