package main

import (
	"bytes"
	"encoding/binary"
	"math"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/sensors"
)

const (
	year1970 = int64(1e9)
	year2100 = int64(4_102_444_800e9)
)

// badCase is one bad message, and what the account of its stream must say of it.
type badCase struct {
	name    string
	sensor  sensors.SensorID
	changes []change // of the stream's next messages, one after the other
	drop    string   // reason of the one drop; empty: it is accepted
	missing uint64   // headers
	gaps    uint64
	// absent is the reason that the set of a bad camera frame must give; unspecified: it is not looked at.
	absent fusionv1.AbsenceReason
}

func frame(f func(*fusionv1.CameraFrame)) change {
	return change{content: func(m proto.Message) { f(m.(*fusionv1.CameraFrame)) }}
}

func cloud(f func(*fusionv1.PointCloud)) change {
	return change{content: func(m proto.Message) { f(m.(*fusionv1.PointCloud)) }}
}

func ego(f func(*fusionv1.EgoMotion)) change {
	return change{content: func(m proto.Message) { f(m.(*fusionv1.EgoMotion)) }}
}

// restamped moves a sweep in time.
func restamped(stamp int64) change {
	return cloud(func(c *fusionv1.PointCloud) { c.Header.Stamp, c.SweepStart, c.SweepEnd = stamp, stamp-50e6, stamp })
}

// withNaN makes the positions of one point in every not a number.
func withNaN(every int) change {
	return cloud(func(c *fusionv1.PointCloud) {
		c.Data = bytes.Clone(c.Data)
		for i := 0; i < len(c.Data); i += every * int(c.PointStep) {
			binary.LittleEndian.PutUint32(c.Data[i:], math.Float32bits(float32(math.NaN())))
		}
	})
}

func badCases() []badCase {
	wire := func(f func(*nats.Msg) []*nats.Msg) []change { return []change{{wire: f}} }
	var held *nats.Msg
	return []badCase{
		{
			name: "without headers", sensor: "FRONT", missing: 1,
			changes: []change{{plain: true}},
		},
		{
			name: "wrong checksum", sensor: "FRONT", drop: "crc",
			changes: wire(func(m *nats.Msg) []*nats.Msg { m.Header.Set("Fusion-Crc", "00000000"); return []*nats.Msg{m} }),
		},
		{
			name: "unreadable header", sensor: "FRONT", drop: "header",
			changes: wire(func(m *nats.Msg) []*nats.Msg { m.Header.Set("Fusion-Crc", "many"); return []*nats.Msg{m} }),
		},
		{
			name: "another type", sensor: "FRONT", drop: "schema",
			changes: wire(func(m *nats.Msg) []*nats.Msg {
				m.Header.Set("Fusion-Schema", "fusion.v1.Health")
				return []*nats.Msg{m}
			}),
		},
		{
			name: "twice", sensor: "FRONT", drop: "duplicate",
			changes: wire(func(m *nats.Msg) []*nats.Msg { return []*nats.Msg{m, m} }),
		},
		{
			name: "out of order", sensor: "FRONT", drop: "reorder", gaps: 1,
			changes: []change{
				{wire: func(m *nats.Msg) []*nats.Msg { held = m; return nil }},
				{wire: func(m *nats.Msg) []*nats.Msg { return []*nats.Msg{m, held} }},
			},
		},
		{
			name: "truncated message", sensor: "FRONT", drop: "malformed",
			changes: []change{{payload: func(b []byte) []byte { return b[:len(b)/2] }}},
		},
		{
			name: "truncated picture", sensor: "FRONT", drop: "decode", absent: fusionv1.AbsenceReason_ABSENCE_REASON_DECODE,
			changes: []change{frame(func(f *fusionv1.CameraFrame) { f.Data = f.Data[:len(f.Data)/2] })},
		},
		{
			name: "picture of size zero", sensor: "FRONT", drop: "malformed",
			changes: []change{frame(func(f *fusionv1.CameraFrame) { f.Width, f.Height = 0, 0 })},
		},
		{
			name: "picture without bytes", sensor: "FRONT", drop: "malformed",
			changes: []change{frame(func(f *fusionv1.CameraFrame) { f.Data = nil })},
		},
		{
			name: "picture of 1970", sensor: "FRONT", drop: "clock",
			changes: []change{frame(func(f *fusionv1.CameraFrame) { f.Header.Stamp = year1970 })},
		},
		{
			name: "picture of 2100", sensor: "FRONT", drop: "clock",
			changes: []change{frame(func(f *fusionv1.CameraFrame) { f.Header.Stamp = year2100 })},
		},
		{
			name: "picture of another sensor", sensor: "FRONT", drop: "malformed",
			changes: []change{frame(func(f *fusionv1.CameraFrame) { f.Header.Sensor = "LEFT" })},
		},
		{
			name: "point step of zero", sensor: "TOP", drop: "malformed",
			changes: []change{cloud(func(c *fusionv1.PointCloud) { c.PointStep = 0 })},
		},
		{
			name: "cloud that ends inside a point", sensor: "TOP", drop: "malformed",
			changes: []change{cloud(func(c *fusionv1.PointCloud) { c.Data = c.Data[:len(c.Data)-1] })},
		},
		{name: "some points not a number", sensor: "TOP", changes: []change{withNaN(2)}},
		{name: "all points not a number", sensor: "TOP", drop: "decode", changes: []change{withNaN(1)}},
		{name: "sweep of 1970", sensor: "TOP", drop: "clock", changes: []change{restamped(year1970)}},
		{name: "sweep of 2100", sensor: "TOP", drop: "clock", changes: []change{restamped(year2100)}},
		{
			name: "truncated ego motion", sensor: egoStream, drop: "malformed",
			changes: []change{{payload: func(b []byte) []byte { return b[:len(b)-3] }}},
		},
		{
			name: "ego motion that is not a number", sensor: egoStream, drop: "malformed",
			changes: []change{ego(func(e *fusionv1.EgoMotion) { e.LocalFromEgo.Position.X = math.NaN() })},
		},
		{
			name: "ego motion of 1970", sensor: egoStream, drop: "clock",
			changes: []change{ego(func(e *fusionv1.EgoMotion) { e.Header.Stamp = year1970 })},
		},
		{
			name: "ego motion of 2100", sensor: egoStream, drop: "clock",
			changes: []change{ego(func(e *fusionv1.EgoMotion) { e.Header.Stamp = year2100 })},
		},
	}
}
