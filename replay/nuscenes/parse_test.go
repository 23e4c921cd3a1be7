package nuscenes

import (
	"bytes"
	"strings"
	"testing"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
)

func TestRadarFiles(t *testing.T) {
	good := radarFile(radarRow{x: 1, ambig: 3}, radarRow{x: 2, ambig: 3})
	change := func(from, to string) []byte { return bytes.Replace(good, []byte(from), []byte(to), 1) }
	for _, tc := range []struct {
		name   string
		file   []byte
		points int
		want   string // error
	}{
		{"good", good, 2, ""},
		{"empty sweep", radarFile(), 0, ""},
		{"no file", nil, 0, "DATA line"},
		{"cut in the header", good[:100], 0, "DATA line"},
		{"cut in the last point", good[:len(good)-20], 0, "bytes there"},
		{"ascii", change("DATA binary", "DATA ascii"), 0, "want binary"},
		{"a field missing", change("ambig_state", "ambig"), 0, "fields ambig_state missing"},
		{"size zero", change("SIZE 4", "SIZE 0"), 0, "unknown form"},
		{"a size missing", change("SIZE 4 4", "SIZE 4"), 0, "want the same number"},
		{"count of three", change("COUNT 1", "COUNT 3"), 0, "unknown form"},
		{"more points than bytes", change("POINTS 2", "POINTS 2000000000"), 0, "bytes there"},
		{"points below zero", change("POINTS 2", "POINTS -2"), 0, "number of points"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, err := makeScan(&fusionv1.Header{}, tc.file)
			switch {
			case tc.want != "":
				if err == nil || !strings.Contains(err.Error(), tc.want) {
					t.Errorf("got %v, want an error with %q", err, tc.want)
				}
			case err != nil || len(s.GetPoints()) != tc.points:
				t.Errorf("got %d points, %v; want %d", len(s.GetPoints()), err, tc.points)
			}
		})
	}
}

func TestInvalidStates(t *testing.T) {
	valid := map[int]bool{0: true, 4: true, 8: true, 9: true, 10: true, 11: true, 12: true, 15: true, 16: true, 17: true}
	for s := -1; s < 20; s++ {
		if invalidState(s) == valid[s] {
			t.Errorf("state %d: invalid %t", s, invalidState(s))
		}
	}
}

func FuzzRadarFile(f *testing.F) {
	f.Add(radarFile())
	f.Add(radarFile(radarRow{x: 1, ambig: 3}))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := makeScan(&fusionv1.Header{}, b)
		if err == nil && len(s.GetPoints()) > len(b) {
			t.Errorf("%d points out of %d bytes", len(s.GetPoints()), len(b))
		}
	})
}

func FuzzCloud(f *testing.F) {
	f.Add(floats(1, 2, 3, 4, 5), floats(-0.1))
	f.Add(floats(1, 2, 3, 4, 5), []byte(nil))
	f.Fuzz(func(t *testing.T, rows, times []byte) {
		c, err := makeCloud("L", rows, times, sweepTiming{stamp: 1e18, period: 1e8}, true)
		if err == nil && (len(c.GetData())%int(c.GetPointStep()) != 0 || c.GetSweepStart() > c.GetSweepEnd()) {
			t.Errorf("cloud of %d bytes, step %d, %d..%d", len(c.GetData()), c.GetPointStep(), c.GetSweepStart(), c.GetSweepEnd())
		}
	})
}

func FuzzTable(f *testing.F) {
	f.Add([]byte(`[{"token":"a","timestamp":1,"rotation":[1,0,0,0],"translation":[1,2,3]}]`))
	f.Add([]byte(`[{"token":1}]`))
	f.Add([]byte(`[`))
	f.Fuzz(func(_ *testing.T, b []byte) {
		_ = decodeTable(bytes.NewReader(b), func(r *egoRow) error { // must not panic
			if checkTimestamp(r.Timestamp) == nil {
				_, err := poseOf(r.Rotation, r.Translation)
				return err
			}
			return nil
		})
	})
}
