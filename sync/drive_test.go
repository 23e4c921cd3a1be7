package timesync

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/fusiond/fusiond/sensors"
)

const ms = time.Millisecond

// driveConfig is the rig of a real drive: six cameras that look where the spinning lidar looks, two lidars, three radars that
// never send.
func driveConfig() Config {
	rig := &sensors.Rig{}
	add := func(name string, m sensors.Modality, phase time.Duration) {
		rig.Sensors = append(rig.Sensors, sensors.Sensor{
			Name: sensors.SensorID(name), Modality: m, RateHz: 10, PhaseNs: int64(phase),
		})
	}
	for i, name := range []string{"CAM_BACK", "CAM_LEFT", "CAM_FRONT_LEFT", "CAM_FRONT", "CAM_FRONT_RIGHT", "CAM_RIGHT"} {
		add(name, sensors.Camera, cameraPhases[i])
	}
	add("LIDAR_TOP", sensors.Lidar, 0)
	add("LIDAR_FRONT", sensors.Lidar, 0)
	for _, name := range []string{"RADAR_FRONT", "RADAR_LEFT", "RADAR_RIGHT"} {
		add(name, sensors.Radar, 0)
	}
	return ConfigFromRig(rig)
}

var cameraPhases = [6]time.Duration{-99900e3, -81200e3, -60600e3, -49800e3, -39100e3, -18600e3}

var missingSweeps = map[int]bool{56: true, 57: true, 58: true, 71: true}

// driveHeaders is that drive: 80 frames, cameras arriving 10 ms after their stamp and sweeps 5 ms, sweep stamps jittering by
// up to 1 ms, arrivals by up to arrivalJitter.
func driveHeaders(seed uint64, shift, arrivalJitter time.Duration) []Header {
	rng := rand.New(rand.NewPCG(seed, 1))
	spread := func(d time.Duration) time.Duration { return time.Duration(rng.Int64N(int64(d) + 1)) }
	var hs []Header
	for frame := range 80 {
		at := timeZero.Add(time.Duration(frame) * 100 * ms)
		for i, phase := range cameraPhases {
			stamp := at.Add(phase)
			hs = append(hs, Header{Stream: i, Seq: uint64(frame + 1), Stamp: stamp, Received: stamp.Add(shift + 10*ms + spread(arrivalJitter))})
		}
		if missingSweeps[frame] {
			continue
		}
		at = at.Add(spread(2*ms) - ms)
		hs = append(hs,
			Header{Stream: 6, Seq: uint64(frame + 1), Stamp: at, Received: at.Add(shift + 5*ms + spread(arrivalJitter))},
			Header{Stream: 7, Seq: uint64(frame + 1), Stamp: at, Received: at.Add(shift + 6*ms + spread(arrivalJitter))})
	}
	sort.SliceStable(hs, func(i, j int) bool { return hs[i].Received < hs[j].Received })
	return hs
}

func TestRealDrive(t *testing.T) {
	const cameras, lidars = 6, 2 // in the order of the rig
	years := 7 * 365 * 24 * time.Hour
	for _, c := range []struct {
		name          string
		shift, jitter time.Duration
		after         time.Duration // how long after the last arrival the streams are flushed
		first, lidars int           // the first stream that sends, and how many lidars do
		cameras       Absence       // why the cameras are absent; NotAbsent: they must be there
	}{
		{"event time, flushed at the end", 0, 0, 0, 0, 2, NotAbsent},
		{"live, closed by deadline", 0, 0, 10 * time.Second, 0, 2, NotAbsent},
		{"played years later", years, 0, time.Second, 0, 2, NotAbsent},
		{"played years later on a busy machine", years, 15 * ms, time.Second, 0, 2, NotAbsent},
		{"arrivals on a busy machine", 0, 15 * ms, 0, 0, 2, NotAbsent},
		{"only the lidars send", 0, 15 * ms, time.Second, cameras, 2, AbsentIdle},
		{"only one lidar sends", 0, 0, 0, cameras, 1, AbsentIdle},
		{"the cameras are disabled", 0, 0, 0, 0, 2, AbsentDisabled},
	} {
		for seed := range uint64(20) {
			config := driveConfig()
			for i := range cameras {
				config.Streams[i].Disabled = c.cameras == AbsentDisabled
			}
			var hs []Header
			for _, h := range driveHeaders(seed, c.shift, c.jitter) {
				if h.Stream >= c.first && h.Stream < cameras+c.lidars {
					hs = append(hs, h)
				}
			}
			a, err := New(config)
			if err != nil {
				t.Fatal(err)
			}
			r := newRecorder(t, a)
			r.feed(hs, c.after)
			kinds := [3]int{}
			for _, s := range r.sets {
				frame := int(s.Stamp.Add(50*ms).Sub(timeZero) / (100 * ms))
				if frame >= 80 && c.after > 0 && s.Kind == Virtual {
					continue // the drive is over, and the virtual clock says so
				}
				kinds[s.Kind]++
				for i, m := range s.Members {
					switch {
					case i < cameras && (m.Absence != c.cameras || m.AgeNs > int64(101*ms)):
						t.Errorf("%s: set %d: camera %d: %+v, want %v", c.name, s.ID, i, m, c.cameras)
					case i >= cameras && i < cameras+c.lidars && !m.Present && s.Kind == Reference:
						t.Errorf("%s: set %d: lidar %d: %+v, want present", c.name, s.ID, i, m)
					case i >= cameras+lidars && m.Absence != AbsentIdle:
						t.Errorf("%s: set %d: radar %d: %+v, want idle", c.name, s.ID, i, m)
					}
				}
				if missingSweeps[frame] != (s.Kind == Virtual) {
					t.Errorf("%s: set %d for frame %d is %v", c.name, s.ID, frame, s.Kind)
				}
			}
			if kinds[Reference] != 76 || kinds[Virtual] != 4 {
				t.Fatalf("%s, seed %d: got %d reference and %d virtual sets, want 76 and 4", c.name, seed, kinds[Reference], kinds[Virtual])
			}
		}
	}
}

// The real thing: headers out of the tables of that drive, arrivals 10 ms after the stamp for cameras and 5 ms for lidars. One set a
// sweep, and the virtual clock fills the gaps, whether the cameras send or not.
func TestDriveTables(t *testing.T) {
	folder := os.Getenv("FUSIOND_DRIVE")
	if folder == "" {
		t.Skip("FUSIOND_DRIVE is not set: name the folder of the real drive in nuScenes' layout")
	}
	for name, first := range map[string]int{"all streams": 0, "only the lidars": 6} {
		t.Run(name, func(t *testing.T) {
			var hs []Header
			for _, h := range readTables(t, folder) {
				if h.Stream >= first {
					hs = append(hs, h)
				}
			}
			kinds := [3]int{}
			for _, s := range run(t, driveConfig(), hs, 0).sets {
				kinds[s.Kind]++
			}
			if kinds[Reference] != 76 || kinds[Virtual] != 4 {
				t.Errorf("got %d reference and %d virtual sets, want 76 and 4", kinds[Reference], kinds[Virtual])
			}
		})
	}
}

// readTables reads the headers of a drive in nuScenes' layout, in order of arrival.
func readTables(t *testing.T, folder string) []Header {
	t.Helper()
	tables, err := filepath.Glob(filepath.Join(folder, "v1.0-*", "sample_data.json"))
	if err != nil || len(tables) != 1 {
		t.Fatalf("got tables %v (%v) in %s, want one sample_data.json", tables, err, folder)
	}
	b, err := os.ReadFile(tables[0])
	if err != nil {
		t.Fatal(err)
	}
	var rows []struct {
		Timestamp int64  // microseconds
		Filename  string // samples/CHANNEL/NAME
	}
	if err := json.Unmarshal(b, &rows); err != nil {
		t.Fatal(err)
	}
	var hs []Header
	for k, row := range rows {
		for i, s := range driveConfig().Streams {
			if strings.Split(row.Filename, "/")[1] != string(s.Sensor) {
				continue
			}
			lag := 5 * ms
			if s.Modality == sensors.Camera {
				lag = 10 * ms
			}
			stamp := sensors.StampNs(row.Timestamp) * 1000
			hs = append(hs, Header{Stream: i, Seq: uint64(k + 1), Stamp: stamp, Received: stamp.Add(lag)})
		}
	}
	sort.SliceStable(hs, func(i, j int) bool { return hs[i].Received < hs[j].Received })
	return hs
}
