package sim

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/replay"
	"github.com/fusiond/fusiond/sensors"
	"github.com/fusiond/fusiond/sim/world"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var bodies = world.NewBodies()

// short is a scenario of the light rig with small pictures.
func short(t *testing.T, seed uint64, timeline string) *Scenario {
	t.Helper()
	data, err := rigs.ReadFile("rigs/light.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text, _, _ := bytes.Cut(data, []byte("\n---\n"))
	rig, err := ParseRig(append(text, "\n---\ncamera: {width: 64, height: 36}\n"...), "small")
	if err != nil {
		t.Fatal(err)
	}
	s, err := ParseScenario([]byte("about: test\nseed: 5\nduration: 500ms\nrig: light\nworld: {map: {kind: street}}\ntimeline:\n"+timeline), "")
	if err != nil {
		t.Fatal(err)
	}
	s.Name, s.Seed, s.Rig = "short", seed, rig
	return s
}

// run makes a drive and returns its messages.
func run(t *testing.T, s *Scenario, workers int) []replay.Message {
	t.Helper()
	d, err := New(s, bodies)
	if err != nil {
		t.Fatal(err)
	}
	var out []replay.Message
	if err := d.Run(t.Context(), workers, func(m replay.Message) error {
		out = append(out, m)
		return nil
	}, nil); err != nil {
		t.Fatal(err)
	}
	return out
}

func digest(messages []replay.Message) [32]byte {
	h := sha256.New()
	for _, m := range messages {
		h.Write([]byte(m.Topic))
		_ = binary.Write(h, binary.LittleEndian, []int64{int64(m.Stamp), int64(m.Received), int64(m.Seq), int64(len(m.Data))})
		h.Write(m.Data)
	}
	return [32]byte(h.Sum(nil))
}

const quiet = "  - {at: 10s, fog: 0}\n"

func TestSameSeedSameBytes(t *testing.T) {
	weather := "  - {at: 0s, visibility: 80, rain: 10, wet: 1, spray: 1}\n  - {at: 100ms, sensor: camera, delay: 30ms, jitter: 20ms, reorder: 0.2, duplicate: 0.2}\n"
	one := run(t, short(t, 7, weather), 1)
	if got, want := digest(run(t, short(t, 7, weather), 3)), digest(one); got != want {
		t.Errorf("three workers give %x, one gives %x", got, want)
	}
	if digest(run(t, short(t, 8, weather), 3)) == digest(one) {
		t.Error("another seed gives the same bytes")
	}
	for i := 1; i < len(one); i++ {
		if one[i].Received < one[i-1].Received {
			t.Fatalf("message %d of %s arrives before the one ahead of it", i, one[i].Topic)
		}
	}
}

// Every message is one that the daemon's parsers take, and every stream has what its rate promises.
func TestMessagesAreAVehicles(t *testing.T) {
	s := short(t, 7, quiet)
	count := map[string]int{}
	for _, m := range run(t, s, 2) {
		topic := replay.ParseTopic(m.Topic)
		count[m.Topic]++
		if !topic.IsInput() {
			continue
		}
		if m.Received <= m.Stamp {
			t.Errorf("%s at %d arrives at %d", m.Topic, m.Stamp, m.Received)
		}
		sample, err := sensors.Parse(topic.Modality, m.Data, sensors.Meta{Sensor: topic.Sensor, Modality: topic.Modality, Received: m.Received})
		if topic.Modality == sensors.Ego {
			_, err = sensors.ParseEgoMotion(m.Data, sensors.Meta{Sensor: topic.Sensor, Modality: topic.Modality, Received: m.Received})
		} else if err == nil && sample.Head().Stamp != m.Stamp {
			t.Errorf("%s: stamp %d in the message, %d on the channel", m.Topic, sample.Head().Stamp, m.Stamp)
		}
		if err != nil {
			t.Errorf("%s: %v", m.Topic, err)
		}
	}
	for i := range s.Rig.Sensors {
		one := &s.Rig.Sensors[i]
		got, want := count[replay.SensorTopic(s.Rig.Vehicle, one.Modality, one.Name)], int(one.RateHz*s.Duration.Seconds())
		if got < want-1 || got > want+1 {
			t.Errorf("%s: %d messages, want about %d", one.Name, got, want)
		}
	}
	if got := count[replay.EgoTopic(s.Rig.Vehicle)]; got != 51 {
		t.Errorf("%d ego motions, want 51", got)
	}
	if got := count[replay.TruthTopic(s.Rig.Vehicle)]; got != 5 {
		t.Errorf("%d frames of ground truth, want 5", got)
	}
}

// views sums up what a sensor gets of all objects, from the ground truth.
func views(t *testing.T, messages []replay.Message, sensor string) (points, clean int) {
	t.Helper()
	for _, m := range messages {
		if replay.ParseTopic(m.Topic).Kind != "truth" {
			continue
		}
		var f fusionv1.TruthFrame
		if err := proto.Unmarshal(m.Data, &f); err != nil {
			t.Fatal(err)
		}
		for _, o := range f.Objects {
			for _, v := range o.Views {
				if v.Sensor == sensor {
					points += int(v.Points)
					clean += int(v.CleanPoints)
				}
			}
		}
	}
	return points, clean
}

func TestTruthKnowsTheCleanSensor(t *testing.T) {
	day := run(t, short(t, 7, quiet), 2)
	points, clean := views(t, day, "LIDAR_TOP")
	if points == 0 || points != clean {
		t.Errorf("clear day: %d of %d points, want all and some", points, clean)
	}
	fog := run(t, short(t, 7, "  - {at: 0s, visibility: 8}\n"), 2)
	foggy, same := views(t, fog, "LIDAR_TOP")
	if same != clean || foggy > points/2 {
		t.Errorf("fog of 8 m: %d of %d points, want less than half of %d", foggy, same, clean)
	}
	if got, _ := views(t, fog, "CAM_FRONT"); got == 0 {
		t.Error("fog of 8 m: the front camera sees nothing at all of the cars beside it")
	}
	radar, all := views(t, fog, "RADAR_FRONT")
	if all == 0 || radar < all*9/10 {
		t.Errorf("fog of 8 m: %d of %d radar detections, want nearly all", radar, all)
	}
	dead := run(t, short(t, 7, "  - {at: 0s, sensor: LIDAR_TOP, dead: true}\n"), 2)
	if got, of := views(t, dead, "LIDAR_TOP"); got != 0 || of != clean {
		t.Errorf("dead lidar: %d of %d points, want 0 of %d", got, of, clean)
	}
	for _, m := range dead {
		if strings.HasSuffix(m.Topic, "LIDAR_TOP") {
			t.Fatal("a dead lidar has sent something")
		}
	}
}

func TestClockFaultsReachTheMessage(t *testing.T) {
	found := false
	for _, m := range run(t, short(t, 7, "  - {at: 200ms, sensor: CAM_BACK, clock_offset: 37s}\n"), 2) {
		if !strings.HasSuffix(m.Topic, "CAM_BACK") || m.Received < stampAt(300*time.Millisecond) {
			continue
		}
		var f fusionv1.CameraFrame
		if err := proto.Unmarshal(m.Data, &f); err != nil {
			t.Fatal(err)
		}
		lead := time.Duration(f.Header.Stamp - int64(m.Received))
		if found = true; lead < 36*time.Second || lead > 37*time.Second || f.Header.Stamp != int64(m.Stamp) {
			t.Errorf("stamp is %v ahead of its arrival, want 37 s less the transfer", lead)
		}
	}
	if !found {
		t.Error("no picture of CAM_BACK")
	}
}

func TestRunEnds(t *testing.T) {
	d, err := New(short(t, 7, quiet), bodies)
	if err != nil {
		t.Fatal(err)
	}
	full := errors.New("disk full")
	n := 0
	err = d.Run(t.Context(), 2, func(replay.Message) error {
		if n++; n == 10 {
			return full
		}
		return nil
	}, nil)
	if !errors.Is(err, full) || n != 10 {
		t.Errorf("got %v after %d messages, want %v after 10", err, n, full)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err = d.Run(ctx, 2, func(replay.Message) error {
		cancel()
		return nil
	}, nil)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

func BenchmarkDrive(b *testing.B) {
	s, err := LoadScenario("clear-street")
	if err != nil {
		b.Fatal(err)
	}
	s.Duration = 500 * time.Millisecond
	d, err := New(s, bodies)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := d.Run(b.Context(), 2, func(replay.Message) error { return nil }, nil); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(s.Duration.Seconds()*float64(b.N)/b.Elapsed().Seconds(), "x-real-time")
}
