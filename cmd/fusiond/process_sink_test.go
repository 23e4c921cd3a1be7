package main

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/fusiond/fusiond/internal/pipeline"
	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/replay"
	"github.com/fusiond/fusiond/replay/foxglove"
	"github.com/fusiond/fusiond/sensors"
)

// imageRecording holds one camera frame that arrived at 5.
func imageRecording(t *testing.T) *replay.Reader {
	t.Helper()
	data, err := proto.Marshal(&fusionv1.CameraFrame{Encoding: fusionv1.ImageEncoding_IMAGE_ENCODING_JPEG})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w, err := replay.NewWriter(&b, replay.WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	topic := replay.SensorTopic("car", sensors.Camera, "CAM")
	err = errors.Join(w.Write(replay.Message{Topic: topic, Schema: "fusion.v1.CameraFrame", Stamp: 5, Received: 5, Data: data}), w.Close())
	if err != nil {
		t.Fatal(err)
	}
	r, err := replay.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()), "images.mcap")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestProcessSink: what is in the recording that process writes, in which order, and what ends it.
func TestProcessSink(t *testing.T) {
	truth := func(payload []byte) pipeline.Output {
		return pipeline.Output{Name: "truth", Stamp: 1, At: 3, Schema: "fusion.v1.TruthFrame", Payload: payload}
	}
	objects := pipeline.Output{Name: pipeline.ObjectsOutput, Stamp: 2, At: 6, Message: &fusionv1.ObjectList{}}
	health := pipeline.Output{Name: pipeline.HealthOutput, Stamp: 7, At: 7, Message: &fusionv1.Health{}}
	for _, test := range []struct {
		name    string
		outputs []pipeline.Output
		copies  bool
		want    []string
		fails   string
	}{
		{
			name: "views beside what they are made from", outputs: []pipeline.Output{truth(nil), objects, health},
			want: []string{"av.car.truth", "/truth", "av.car.objects", "/objects", "av.car.health"},
		},
		{
			name: "copies in their place", outputs: []pipeline.Output{truth(nil), objects}, copies: true,
			want: []string{"av.car.truth", "/truth", "/camera/CAM", "av.car.objects", "/objects"},
		},
		{
			name: "copies after the last output", outputs: []pipeline.Output{truth(nil)}, copies: true,
			want: []string{"av.car.truth", "/truth", "/camera/CAM"},
		},
		{
			name: "damaged ground truth ends the run", outputs: []pipeline.Output{truth([]byte{0xff}), objects}, copies: true,
			want: []string{"av.car.truth"}, fails: "read ground truth",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			var b bytes.Buffer
			w, err := replay.NewWriter(&b, replay.WriterOptions{})
			if err != nil {
				t.Fatal(err)
			}
			sink := &processSink{file: pipeline.NewFileSink(w, "car"), views: foxglove.NewViews(w, &sensors.Rig{})}
			if test.copies {
				sink.copies = foxglove.NewCopier(imageRecording(t), sink.views)
				defer sink.copies.Close()
			}
			for _, o := range test.outputs {
				sink.put(o)
			}
			err = sink.finish()
			if (err != nil) != (test.fails != "") || err != nil && !strings.Contains(err.Error(), test.fails) {
				t.Errorf("error %v, want one with %q", err, test.fails)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			r, err := replay.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()), "out.mcap")
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for m, err := range r.Messages(replay.Options{}) {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, m.Topic)
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("topics %q, want %q", got, test.want)
			}
		})
	}
}
