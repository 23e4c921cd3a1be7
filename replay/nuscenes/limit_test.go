package nuscenes

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/fusiond/fusiond/proto/foxglove"
	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/replay"
)

// A file whose message no recording takes is a problem of that file and not the end of the import, with views too.
func TestImportLargeFiles(t *testing.T) {
	const (
		sweep  = "samples/LIDAR_TOP/5.pcd.bin"
		image  = "samples/CAM_FRONT/5.jpg"
		header = 256 // at least what a sweep's message has besides its points
		most   = (maxMessageBytes - header) / lidarRowBytes
	)
	for _, tc := range []struct {
		name    string
		sizes   map[string]int64 // what files are made as long as
		damaged int
		problem Problem
	}{
		{"sweep as large as may be", map[string]int64{sweep: most * lidarRowBytes}, 0, Problem{}},
		{
			"sweep whose message is too large",
			map[string]int64{sweep: maxMessageBytes / lidarRowBytes * lidarRowBytes},
			1,
			Problem{sweep, "its message of 33488999 bytes is over the limit of 33488896"},
		},
		{"sweep whose file is too large", map[string]int64{sweep: 40_000_000}, 1, Problem{sweep, "its 40000000 bytes are over the limit of 33488896"}},
		{
			"sweep that times make too large",
			map[string]int64{sweep: 30_000_000, timesName(sweep): 6_000_000},
			1,
			Problem{sweep, "its message of 36000132 bytes is over the limit of 33488896"},
		},
		{
			"times too large",
			map[string]int64{timesName(sweep): 40_000_000},
			0,
			Problem{timesName(sweep), "its 40000000 bytes are over the limit of 33488896: imported without times"},
		},
		{"image as large as may be", map[string]int64{image: maxMessageBytes - header}, 0, Problem{}},
		{"image too large", map[string]int64{image: 40_000_000}, 1, Problem{image, "its 40000000 bytes are over the limit of 33488896"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := madeFolder(t)
			for name, size := range tc.sizes {
				path := filepath.Join(f.dir, filepath.FromSlash(name))
				if _, err := os.Stat(path); err != nil {
					f.write(name, nil)
				}
				if err := os.Truncate(path, size); err != nil { // zeros up to there
					t.Fatal(err)
				}
			}
			r, path := importMade(t, f, func(c *Config) { c.Foxglove = true })
			damaged := 0
			for _, s := range r.Scenes[0].Streams {
				damaged += s.Damaged
			}
			var got Problem
			for _, p := range r.Scenes[0].Problems {
				if p.Reason != "missing" {
					got = p
				}
			}
			if damaged != tc.damaged || got != tc.problem {
				t.Errorf("got %d damaged, problem %+v; want %d, %+v", damaged, got, tc.damaged, tc.problem)
			}
			// Messages and views of a sensor are of the same files.
			nothing := func(*fusionv1.PointCloud, replay.Message) {}
			clouds := each(t, path, "av.scene-1.sensor.lidar.LIDAR_TOP", &fusionv1.PointCloud{}, nothing)
			views := each(t, path, "/lidar/LIDAR_TOP", &foxglove.PointCloud{}, func(*foxglove.PointCloud, replay.Message) {})
			if clouds != views || clouds != r.Scenes[0].Streams[0].Written {
				t.Errorf("got %d sweeps and %d views, want %d of both", clouds, views, r.Scenes[0].Streams[0].Written)
			}
		})
	}
}
