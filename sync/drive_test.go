package timesync

import (
	"math/rand/v2"
	"sort"
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
	for _, c := range []struct {
		name          string
		shift, jitter time.Duration
		after         time.Duration // how long after the last arrival the streams are flushed
	}{
		{"event time, flushed at the end", 0, 0, 0},
		{"live, closed by deadline", 0, 0, 10 * time.Second},
		{"played years later", 7 * 365 * 24 * time.Hour, 0, time.Second},
		{"played years later on a busy machine", 7 * 365 * 24 * time.Hour, 15 * ms, time.Second},
		{"arrivals on a busy machine", 0, 15 * ms, 0},
	} {
		for seed := range uint64(20) {
			a, err := New(driveConfig())
			if err != nil {
				t.Fatal(err)
			}
			r := newRecorder(t, a)
			r.feed(driveHeaders(seed, c.shift, c.jitter), c.after)
			kinds := [3]int{}
			for _, s := range r.sets {
				kinds[s.Kind]++
				for i, m := range s.Members {
					switch {
					case i < 6 && (!m.Present || m.AgeNs > int64(101*ms)):
						t.Errorf("%s: set %d: camera %d: %+v, want present", c.name, s.ID, i, m)
					case (i == 6 || i == 7) && !m.Present && s.Kind == Reference:
						t.Errorf("%s: set %d: lidar %d: %+v, want present", c.name, s.ID, i, m)
					case i > 7 && m.Absence != AbsentIdle:
						t.Errorf("%s: set %d: radar %d: %+v, want idle", c.name, s.ID, i, m)
					}
				}
				frame := int(s.Stamp.Add(50*ms).Sub(timeZero) / (100 * ms))
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
