package nuscenes

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
)

// maxPCDFields bounds the columns of a .pcd file; nuScenes has 18.
const maxPCDFields = 64

// pcdColumn is one field of a binary .pcd row.
type pcdColumn struct {
	offset, size int
	kind         byte // F, I or U
}

// at returns the value in a row as a number.
func (c pcdColumn) at(row []byte) float64 {
	b := row[c.offset : c.offset+c.size]
	switch {
	case c.kind == 'F' && c.size == 4:
		return float64(math.Float32frombits(binary.LittleEndian.Uint32(b)))
	case c.kind == 'F' && c.size == 8:
		return math.Float64frombits(binary.LittleEndian.Uint64(b))
	}
	var u uint64
	for i := range b {
		u |= uint64(b[i]) << (8 * i)
	}
	if c.kind == 'I' {
		shift := 64 - 8*c.size
		return float64(int64(u<<shift) >> shift) //nolint:gosec // sign extension
	}
	return float64(u)
}

// pcdTable is a .pcd file with DATA binary.
type pcdTable struct {
	columns map[string]pcdColumn
	step    int
	points  int
	data    []byte
}

// parsePCD reads the header and checks that the data are all there. data stays a view into b.
func parsePCD(b []byte) (*pcdTable, error) {
	h := map[string][]string{}
	for {
		line, rest, ok := bytes.Cut(b, []byte("\n"))
		if !ok || len(line) > 4096 {
			return nil, errors.New("the header does not end with a DATA line")
		}
		b = rest
		f := strings.Fields(string(line))
		if len(f) == 0 || strings.HasPrefix(f[0], "#") {
			continue
		}
		h[f[0]] = f[1:]
		if f[0] == "DATA" {
			break
		}
	}
	if d := h["DATA"]; len(d) != 1 || d[0] != "binary" {
		return nil, fmt.Errorf("DATA %s, want binary", strings.Join(d, " "))
	}
	t := &pcdTable{columns: map[string]pcdColumn{}, data: b}
	names, sizes, types := h["FIELDS"], h["SIZE"], h["TYPE"]
	if len(names) == 0 || len(names) > maxPCDFields || len(sizes) != len(names) || len(types) != len(names) {
		return nil, fmt.Errorf("%d fields, %d sizes, %d types: want the same number, 1 to %d", len(names), len(sizes), len(types), maxPCDFields)
	}
	for i, name := range names {
		size, err := strconv.Atoi(sizes[i])
		kind := types[i]
		good := err == nil && (kind == "F" && (size == 4 || size == 8) ||
			(kind == "I" || kind == "U") && (size == 1 || size == 2 || size == 4 || size == 8))
		if c := h["COUNT"]; c != nil && (len(c) != len(names) || c[i] != "1") {
			good = false
		}
		if !good {
			return nil, fmt.Errorf("field %s has the unknown form %s %s", name, kind, sizes[i])
		}
		t.columns[name] = pcdColumn{offset: t.step, size: size, kind: kind[0]}
		t.step += size
	}
	count := h["POINTS"]
	if count == nil {
		count = h["WIDTH"]
	}
	if len(count) != 1 {
		return nil, errors.New("neither POINTS nor WIDTH says how many points there are")
	}
	n, err := strconv.ParseUint(count[0], 10, 31)
	if err != nil {
		return nil, fmt.Errorf("number of points: %w", err)
	}
	if t.points = int(n); t.points > len(b)/t.step {
		return nil, fmt.Errorf("%d points of %d bytes announced, %d bytes there", n, t.step, len(b))
	}
	return t, nil
}

// makeScan builds the message of one radar cycle. Nothing is filtered: what the sensor marks as invalid or ambiguous is
// kept and flagged. vx and vy are the raw radial velocity, not the compensated one.
func makeScan(header *fusionv1.Header, file []byte) (*fusionv1.RadarScan, error) {
	t, err := parsePCD(file)
	if err != nil {
		return nil, err
	}
	var missing []string
	column := func(name string) pcdColumn {
		c, ok := t.columns[name]
		if !ok {
			missing = append(missing, name)
		}
		return c
	}
	x, y, z, vx, vy := column("x"), column("y"), column("z"), column("vx"), column("vy")
	rcs, ambig, invalid := column("rcs"), column("ambig_state"), column("invalid_state")
	if len(missing) > 0 {
		return nil, fmt.Errorf("fields %s missing", strings.Join(missing, ", "))
	}
	scan := &fusionv1.RadarScan{Header: header}
	if t.points == 0 || t.firstIsNaN() {
		return scan, nil
	}
	scan.Points = make([]*fusionv1.RadarPoint, 0, t.points)
	for i := range t.points {
		row := t.data[i*t.step : (i+1)*t.step]
		scan.Points = append(scan.Points, &fusionv1.RadarPoint{
			X: float32(x.at(row)), Y: float32(y.at(row)), Z: float32(z.at(row)),
			Vx: float32(vx.at(row)), Vy: float32(vy.at(row)), RcsDbsm: float32(rcs.at(row)),
			Ambiguous: ambig.at(row) != unambiguous, Invalid: invalidState(int(invalid.at(row))),
		})
	}
	return scan, nil
}

// firstIsNaN is nuScenes' way to write an empty sweep.
func (t *pcdTable) firstIsNaN() bool {
	for _, c := range t.columns {
		if math.IsNaN(c.at(t.data[:t.step])) {
			return true
		}
	}
	return false
}

// unambiguous is the ambig_state of a resolved velocity (ARS 408 cluster quality message).
const unambiguous = 3

// invalidState reports whether an ARS 408 invalid_state means that the cluster is not valid: 1 low RCS, 2 near-field
// artefact, 3 far cluster not confirmed near, 5 reserved, 6 high mirror probability, 7 outside the field of view,
// 13 reserved, 14 harmonics; anything above 17 is not defined. The rest are valid with a remark.
func invalidState(s int) bool {
	switch s {
	case 1, 2, 3, 5, 6, 7, 13, 14:
		return true
	}
	return s < 0 || s > 17
}
