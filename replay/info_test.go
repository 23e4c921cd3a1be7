package replay

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/foxglove/mcap/go/mcap"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
)

func marshal(t testing.TB, m proto.Message) []byte {
	t.Helper()
	b, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func writeFile(t testing.TB, b []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.mcap")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestInfo(t *testing.T) {
	var ms []Message
	for i := range 30 {
		if i == 10 || i == 11 || i == 20 { // two holes
			continue
		}
		ms = append(ms, egoMessage(t, i+1, 3))
	}
	truth := &fusionv1.TruthFrame{
		Objects: []*fusionv1.TruthObject{
			{Instance: "a", Class: "car", Velocity: &fusionv1.Vector3{}},
			{Instance: "b", Class: "car"},
			{Instance: "c"},
		},
		BikeRacks: []*fusionv1.BikeRack{{}},
	}
	health := &fusionv1.Health{Streams: []*fusionv1.StreamHealth{
		{Stream: "good", Received: 10, Used: 5, Pending: 1, Dropped: []*fusionv1.DropCount{{Reason: "late", Count: 3}, {Reason: "crc", Count: 1}}},
		{Stream: "bad", Received: 10, Used: 5},
	}}
	last := ms[len(ms)-1]
	for _, x := range []struct {
		topic, schema string
		m             proto.Message
	}{{"av.car.truth", "fusion.v1.TruthFrame", truth}, {"av.car.truth", "fusion.v1.TruthFrame", truth}, {"av.car.health", "fusion.v1.Health", health}} {
		ms = append(ms, Message{Topic: x.topic, Schema: x.schema, Stamp: last.Stamp, Received: last.Received, Data: marshal(t, x.m)})
	}
	b := record(t, WriterOptions{Rig: testRig(), Source: "made"}, ms...)
	path := writeFile(t, b)
	info, err := Info(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(b)
	if info.SHA256 != hex.EncodeToString(sum[:]) || info.Bytes != int64(len(b)) || !info.SummaryIntact || len(info.Damages) != 0 || info.Messages != 30 {
		t.Errorf("info %+v", info)
	}
	if info.DurationS < 2.899 || info.DurationS > 2.901 || info.Rig == nil || info.Rig.Hash != testRig().Hash() || info.Metadata["source"] != "made" {
		t.Errorf("info %+v, rig %+v", info, info.Rig)
	}
	ego := info.Streams[0]
	if ego.Topic != "av.car.ego" || ego.Modality != "ego" || ego.Messages != 27 || ego.RateHz != 10 || ego.DelayMs != 2 || ego.GapCount != 2 ||
		ego.Gaps[0] != (Gap{After: int64(testStart + 10*testPeriod), LengthS: 0.3, Missing: 2}) ||
		ego.Gaps[1] != (Gap{After: int64(testStart + 20*testPeriod), LengthS: 0.2, Missing: 1}) {
		t.Errorf("ego motion %+v", ego)
	}
	if x := info.Truth; x.Frames != 2 || x.Boxes != 6 || x.Objects != 3 || x.WithVelocity != 2 || x.BikeRacks != 2 || x.ByClass["car"] != 4 || x.ByClass[""] != 2 {
		t.Errorf("truth %+v", x)
	}
	if x := info.Conservation; len(x) != 2 || !x[0].Balanced || x[0].Dropped["late"] != 3 || x[1].Balanced {
		t.Errorf("conservation %+v", x)
	}
	var text bytes.Buffer
	if err := info.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"whole", "gap of 0.300 s at 0.900 s (2 missing)", "6 boxes of 3 objects", "car", "dropped 4 (crc 1, late 3) + pending 1: balanced true", "dropped 0 + pending 0: balanced false", "  source        made\n"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("text lacks %q:\n%s", want, text.String())
		}
	}
	if _, err := json.Marshal(info); err != nil {
		t.Errorf("no JSON: %v", err)
	}
}

func TestInfoDamaged(t *testing.T) {
	whole := fiveChunks(t)
	info, err := Info(context.Background(), writeFile(t, whole[:nth(t, whole, mcap.OpChunk, 2).start+100]))
	if err != nil {
		t.Fatal(err)
	}
	if info.SummaryIntact || len(info.Damages) != 1 || info.Messages != 8 || info.Rig == nil {
		t.Errorf("info %+v, want 8 messages, one damage, the rig", info)
	}
	var text bytes.Buffer
	if err := info.WriteText(&text); err != nil || !strings.Contains(text.String(), "fusiond recover") {
		t.Errorf("the text does not name the cure:\n%s", text.String())
	}
	if _, err := Info(context.Background(), writeFile(t, []byte("a text, long enough for a file"))); err == nil {
		t.Error("a text is no recording, but there is no error")
	}
	if _, err := Info(context.Background(), filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Info(ctx, writeFile(t, whole)); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestInfoEmpty(t *testing.T) {
	info, err := Info(context.Background(), writeFile(t, record(t, WriterOptions{})))
	if err != nil || !info.SummaryIntact || info.Messages != 0 || info.Rig != nil || info.Truth != nil {
		t.Errorf("info %+v, %v", info, err)
	}
}
