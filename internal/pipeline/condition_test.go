package pipeline

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/fusiond/fusiond/encoders"
	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/sensors"
	timesync "github.com/fusiond/fusiond/sync"
)

// threeOptions has a radar beside the camera and the lidar of testRig, and the tiny model, which counts as trained: that is enough for
// everything but the objects.
func threeOptions(t testing.TB) Options {
	t.Helper()
	opt := testOptions(t)
	var err error
	if opt.Package, err = encoders.LoadPackage("../../models/tiny"); err != nil {
		t.Fatal(err)
	}
	e := &opt.Package.Encoders
	e.Lidar.Trained, e.Radar.Trained, e.Camera.Trained = true, true, true
	bumper := sensors.Identity
	bumper.Translation.X = 3.7
	opt.Rig.Sensors = append(opt.Rig.Sensors, sensors.Sensor{Name: "BUMPER", Modality: sensors.Radar, EgoFromSensor: bumper, RateHz: 10})
	opt.Align = timesync.ConfigFromRig(opt.Rig)
	return opt
}

// shot is what the sensors send in one set; nil sends nothing.
type shot struct {
	picture, sweep []byte
	scan           []*fusionv1.RadarDetection
}

// soundShots are n in which nothing is wrong. Two pictures come in turn: to make one takes longer than to fuse it.
func (d *madeDrive) soundShots(n int) []shot {
	pictures := [2][]byte{noiseJPEG(d.t, d.rng), noiseJPEG(d.t, d.rng)}
	shots := make([]shot, n)
	for i := range shots {
		shots[i] = shot{pictures[i%2], randomPoints(d.rng, 2000), detections(d.rng, 20)}
	}
	return shots
}

// shoot drives one set a shot, ten a second, along the road at 10 m/s.
func (d *madeDrive) shoot(shots []shot) {
	for i, s := range shots {
		for k := range int64(10) {
			at := start + int64(i)*100e6 + k*10e6
			d.ego(at, at, float64(at-start)*1e-8)
			switch {
			case k == 3 && s.picture != nil:
				d.picture(at, at, s.picture)
			case k == 4 && s.scan != nil:
				d.add("BUMPER", sensors.Radar, at, &fusionv1.RadarScan{
					Header: &fusionv1.Header{Stamp: at, Sensor: "BUMPER"}, Detections: s.scan,
				})
			case k == 5 && s.sweep != nil:
				d.sweep(at, at, 16, s.sweep)
			}
		}
	}
}

func detections(rng *rand.Rand, n int) (out []*fusionv1.RadarDetection) {
	for range n {
		snr := float32(15 + rng.NormFloat64())
		out = append(out, &fusionv1.RadarDetection{
			RangeM: 20 + 10*rng.Float32(), AzimuthRad: rng.Float32() - 0.5, RcsDbsm: float32(5 + rng.NormFloat64()), SnrDb: &snr,
		})
	}
	return out
}

// blackJPEG is a night without lamps, with the sensor's noise.
func blackJPEG(t testing.TB, rng *rand.Rand) []byte {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 640, 360))
	for i := range img.Pix {
		img.Pix[i] = uint8(rng.UintN(12)) //nolint:gosec // below 12
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// fogPoints come back from drops all around, and from nothing farther than 20 m.
func fogPoints(rng *rand.Rand, n int) []byte {
	out := make([]byte, 0, 16*n)
	for i := range n {
		az, r, intensity := 2*math.Pi*rng.Float64(), 1+1.5*rng.Float64(), 5*rng.Float64()
		if i%3 == 0 {
			r, intensity = 8+12*rng.Float64(), 20*rng.Float64()
		}
		for _, v := range []float64{r * math.Cos(az), r * math.Sin(az), 0, intensity} {
			out = binary.LittleEndian.AppendUint32(out, math.Float32bits(float32(v)))
		}
	}
	return out
}

// conditionRun is what an Engine said of a drive.
type conditionRun struct {
	lists   []*fusionv1.ObjectList
	healths []*fusionv1.Health
	bytes   []byte
	base    uint32
}

func runConditions(t *testing.T, opt Options, messages []Message) (run conditionRun) {
	t.Helper()
	opt.HealthNs = 1e8
	opt.Sink = func(o Output) { run.put(t, o) }
	e, err := New(opt)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range messages {
		e.Message(m)
	}
	run.base = e.base
	e.Flush()
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	return run
}

// health is the stream's newest health at or before a list's time.
func (r *conditionRun) health(stream string, stamp int64) (h *fusionv1.StreamHealth) {
	for _, m := range r.healths {
		for _, s := range m.Streams {
			if s.Stream == stream && m.Header.Stamp <= stamp {
				h = s
			}
		}
	}
	return h
}

func memberOf(l *fusionv1.ObjectList, stream string) *fusionv1.Member {
	i := slices.IndexFunc(l.Manifest.Members, func(m *fusionv1.Member) bool { return m.Stream == stream })
	return l.Manifest.Members[i]
}

// The faults of the tests below: sets from faultFrom to faultTo are bad, and those after them sound again.
const faultFrom, faultTo, faultSets = 8, 16, 56

var conditionFaults = []struct {
	name, stream string
	modality     sensors.Modality
	spoil        func(d *madeDrive, s, before *shot)
	// within is the bad set, from 1, in which the mode is down and the reason named.
	within int
	reason string
	absent fusionv1.AbsenceReason // 0: the sample is fused, weakly
}{
	{
		"black pictures", "FRONT", sensors.Camera,
		func(d *madeDrive, s, _ *shot) { s.picture = blackJPEG(d.t, d.rng) },
		2, "dark", fusionv1.AbsenceReason_ABSENCE_REASON_UNRELIABLE,
	},
	{
		"a picture again and again", "FRONT", sensors.Camera,
		func(_ *madeDrive, s, before *shot) { s.picture = before.picture },
		2, "frozen", fusionv1.AbsenceReason_ABSENCE_REASON_UNRELIABLE,
	},
	{
		"empty sweeps", "TOP", sensors.Lidar,
		func(_ *madeDrive, s, _ *shot) { s.sweep = []byte{} },
		2, "few returns", fusionv1.AbsenceReason_ABSENCE_REASON_DECODE,
	},
	{
		"sweeps in fog", "TOP", sensors.Lidar,
		func(d *madeDrive, s, _ *shot) { s.sweep = fogPoints(d.rng, 2000) },
		2, "fog", 0,
	},
	{
		"a sweep again and again", "TOP", sensors.Lidar,
		func(_ *madeDrive, s, before *shot) { s.sweep = before.sweep },
		2, "frozen", fusionv1.AbsenceReason_ABSENCE_REASON_UNRELIABLE,
	},
	{
		"a scan again and again", "BUMPER", sensors.Radar,
		func(_ *madeDrive, s, before *shot) { s.scan = before.scan },
		2, "frozen", fusionv1.AbsenceReason_ABSENCE_REASON_UNRELIABLE,
	},
}

// faultyShots is a drive with one of the faults.
func (d *madeDrive) faultyShots(spoil func(d *madeDrive, s, before *shot)) []shot {
	shots := d.soundShots(faultSets)
	for i := range shots {
		if i >= faultFrom && i < faultTo {
			spoil(d, &shots[i], &shots[i-1])
		}
	}
	return shots
}

// TestWorthPulled takes the worth out of one sensor's data: within two sets the mode is down and names sensor and reason, the manifest,
// the modality and health say so, nobody else is accused, and when the data is sound again so is the mode.
func TestWorthPulled(t *testing.T) {
	for _, tt := range conditionFaults {
		t.Run(tt.name, func(t *testing.T) {
			d := newMadeDrive(t)
			d.shoot(d.faultyShots(tt.spoil))
			run := runConditions(t, threeOptions(t), d.messages)
			if len(run.lists) != faultSets {
				t.Fatalf("%d sets, want %d", len(run.lists), faultSets)
			}
			for i, l := range run.lists {
				m := memberOf(l, tt.stream)
				bad := i >= faultFrom+tt.within-1 && i < faultTo
				switch {
				case i > 0 && i < faultFrom && (l.Mode != fusionv1.Mode_MODE_NOMINAL || m.Reliability < 0.9):
					t.Fatalf("set %d before the fault: %v, %q, reliability %g", i, l.Mode, l.ModeReason, m.Reliability)
				case bad:
					checkBad(t, i, l, &run, tt.stream, tt.reason, tt.modality, tt.absent)
				}
				for _, o := range l.Manifest.Members {
					if o.Stream != tt.stream && (!o.Present || o.Reliability < 0.9 || o.ReliabilityReason != "") {
						t.Fatalf("set %d: %s is present %v with reliability %g, %q", i, o.Stream, o.Present, o.Reliability, o.ReliabilityReason)
					}
				}
			}
			last := run.lists[faultSets-1]
			if s := run.health(tt.stream, math.MaxInt64); last.Mode != fusionv1.Mode_MODE_NOMINAL || s.Reliability < 0.9 || s.ReliabilityReason != "" {
				t.Errorf("at the end: %v, %q, health's reliability %g, %q, want all well again", last.Mode, last.ModeReason, s.Reliability, s.ReliabilityReason)
			}
		})
	}
}

func checkBad(
	t *testing.T, i int, l *fusionv1.ObjectList, run *conditionRun, stream, reason string, modality sensors.Modality, absent fusionv1.AbsenceReason,
) {
	t.Helper()
	m, state := memberOf(l, stream), l.Modalities[modality]
	if l.Mode != fusionv1.Mode_MODE_DEGRADED || !strings.Contains(l.ModeReason, stream+" "+reason) {
		t.Errorf("set %d: %v, %q, want degraded for %s %s", i, l.Mode, l.ModeReason, stream, reason)
	}
	if m.Present != (absent == 0) || m.Absence != absent || m.Reliability >= usableReliability || m.ReliabilityReason != reason {
		t.Errorf("set %d: %s present %v, absent for %v, reliability %g, %q, want %v and %s", i, stream, m.Present, m.Absence, m.Reliability,
			m.ReliabilityReason, absent, reason)
	}
	if state.Present != m.Present || state.ReliabilityReason != stream+" "+reason {
		t.Errorf("set %d: %v is present %v, %q", i, modality, state.Present, state.ReliabilityReason)
	}
	if m.Present && (state.Reliability != m.Reliability || state.Reliability < leastReliability) || !m.Present && state.Reliability != 0 {
		t.Errorf("set %d: %v has reliability %g, the sensor %g", i, modality, state.Reliability, m.Reliability)
	}
	// The set closes within 50 ms, and health comes every 100 ms.
	if h := run.health(stream, l.Header.Stamp+100e6); h.Reliability >= usableReliability || !strings.HasPrefix(h.ReliabilityReason, reason) {
		t.Errorf("set %d: health has reliability %g, %q, want %s", i, h.Reliability, h.ReliabilityReason, reason)
	}
}

// TestSameBytesOfConditions: conditions, too, are the same in every run and on any number of cores, while they change.
func TestSameBytesOfConditions(t *testing.T) {
	d := newMadeDrive(t)
	shots := d.soundShots(30)
	for i := range shots {
		if i >= 6 && i < 12 {
			shots[i].picture = shots[i-1].picture
		}
		if i >= 9 && i < 15 {
			shots[i].sweep = fogPoints(d.rng, 2000)
		}
		if i == 20 {
			shots[i].sweep = []byte{}
		}
	}
	d.shoot(shots)
	opt := threeOptions(t)
	want := runConditions(t, opt, d.messages)
	again := runConditions(t, opt, d.messages)
	before := runtime.GOMAXPROCS(1)
	one := runConditions(t, opt, d.messages)
	runtime.GOMAXPROCS(before)
	if !bytes.Equal(want.bytes, again.bytes) {
		t.Error("a second run of the same messages gave other bytes")
	}
	if !bytes.Equal(want.bytes, one.bytes) {
		t.Error("a run on one core gave other bytes")
	}
	values := map[float32]bool{}
	for _, l := range want.lists {
		for _, m := range l.Manifest.Members {
			values[m.Reliability] = true
		}
	}
	if len(values) < 10 {
		t.Errorf("%d values of reliability, want them to change", len(values))
	}
}

// TestReliabilityOfSet: what is fused of several sensors counts for their mean, and what is not fused for nothing.
func TestReliabilityOfSet(t *testing.T) {
	j := &job{}
	p := &plan{
		lidar: j, lidarWorth: 0.5, radars: make([]sensors.SensorID, 2), radarWorth: 0.3 + 0.7,
		cameras: []cameraInput{{job: j, worth: 1}, {}, {job: j, worth: 0.25}, {worth: 0.9}},
	}
	if got, want := p.reliability(), [sensors.NumFused]float64{0.5, 0.5, 0.625}; got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := (&plan{cameras: make([]cameraInput, 6)}).reliability(); got != [sensors.NumFused]float64{} {
		t.Errorf("nothing is there: got %v, want zeros", got)
	}
}

// TestWeak: a modality is weak when sensors of it are fused and none of them is usable; what was not judged says nothing.
func TestWeak(t *testing.T) {
	lidar, radar, camera := sensors.Lidar.Proto(), sensors.Radar.Proto(), sensors.Camera.Proto()
	m := func(modality fusionv1.Modality, present bool, reliability float32) *fusionv1.Member {
		return &fusionv1.Member{Modality: modality, Present: present, Reliability: reliability}
	}
	standby := m(lidar, true, 0)
	standby.Standby = true
	tests := []struct {
		name    string
		members []*fusionv1.Member
		want    [sensors.NumFused]bool
	}{
		{"nothing there", []*fusionv1.Member{m(lidar, false, 0), m(camera, false, 0.01)}, [3]bool{}},
		{"just usable", []*fusionv1.Member{m(lidar, true, usableReliability)}, [3]bool{}},
		{"just below", []*fusionv1.Member{m(lidar, true, usableReliability-0.01)}, [3]bool{true, false, false}},
		{"one of two is enough", []*fusionv1.Member{m(camera, true, 0.1), m(camera, true, 0.8)}, [3]bool{}},
		{"all are weak", []*fusionv1.Member{m(camera, true, 0.1), m(radar, true, 0.2), m(camera, true, 0.2)}, [3]bool{false, true, true}},
		{"the usable one is not fused", []*fusionv1.Member{m(camera, true, 0.1), m(camera, false, 0.8)}, [3]bool{false, false, true}},
		{"one that stands by", []*fusionv1.Member{standby}, [3]bool{}},
		{"one that stands by a weak one", []*fusionv1.Member{m(lidar, true, 0.1), standby}, [3]bool{true, false, false}},
	}
	for _, tt := range tests {
		if got := weak(&fusionv1.SetManifest{Members: tt.members}); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}

// TestScansAreJudgedOnce: each scan of a radar that no set ever chooses, and a message that came several times only once.
func TestScansAreJudgedOnce(t *testing.T) {
	opt := threeOptions(t)
	opt.Mask = func(s *sensors.Sensor) bool { return s.Modality == sensors.Radar }
	for _, tt := range []struct {
		name   string
		copies int
		frozen bool // the same content in every scan
		want   string
	}{
		{"sound", 1, false, ""},
		{"sound, each message three times", 3, false, ""},
		{"frozen", 1, true, "frozen"},
	} {
		d := newMadeDrive(t)
		var shots []shot
		for i := range 12 {
			s := shot{scan: detections(d.rng, 20), sweep: randomPoints(d.rng, 2000)}
			if tt.frozen && i > 0 {
				s.scan = shots[0].scan
			}
			shots = append(shots, s)
		}
		d.shoot(shots)
		var messages []Message
		for _, m := range d.messages {
			for range tt.copies {
				messages = append(messages, m)
			}
		}
		run := runConditions(t, opt, messages)
		h := run.health("BUMPER", math.MaxInt64)
		if got, _, _ := strings.Cut(h.ReliabilityReason, ":"); got != tt.want || h.Used != 0 {
			t.Errorf("%s: got %q with %d scans used, want %q and none", tt.name, got, h.Used, tt.want)
		}
	}
}
