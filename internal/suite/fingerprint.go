package suite

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/fusiond/fusiond/replay"
	"github.com/fusiond/fusiond/sim"
	"github.com/fusiond/fusiond/sim/degrade"
)

// canary is a drive that is made to find out what the simulator makes now: a third of a second of nearly everything.
const canary = `about: What the simulator makes of it tells its versions apart.
seed: 155000
duration: 320ms
rig: light
world: {map: {kind: avenue}}
timeline:
  - {at: 0s, visibility: 90, rain: 4, snow: 1, wet: 0.8, spray: 0.5, light: 0.4}
`

// canaryOrders are laid over the canary, for the same reason.
const canaryOrders = `
- {at: 0s, visibility: 60, light: 0.5}
- {at: 0s, sensor: camera, blur: 1, blocked: 0.1, darken: 0.2, lens_drops: 0.2, glare: 0.3, rotate: [0.1, 0.2, 0.1], delay: 10ms}
- {at: 0s, sensor: lidar, lost_beams: 0.1, lost_points: 0.1, field: 150, blocked: 0.1, rotate: [0.1, 0.2, 0.1], delay: 10ms, drop: 0.1}
- {at: 0s, sensor: radar, interference: 5, clock_offset: 10ms, drop: 0.1}
- {at: 200ms, sensor: [camera, lidar], stuck: true}
`

// fingerprint tells versions of the simulator and of degrade apart by what they make of a small drive. Recordings in the cache are
// named by it, so that nobody has to remember to throw them away. It takes a second or two.
func fingerprint(ctx context.Context, workers int) (string, error) {
	s, err := sim.ParseScenario([]byte(canary), ".")
	if err != nil {
		return "", fmt.Errorf("read the scenario of the fingerprint: %w", err)
	}
	d, err := sim.New(s, nil)
	if err != nil {
		return "", fmt.Errorf("make the fingerprint: %w", err)
	}
	h := sha256.New()
	hash := func(m *replay.Message) {
		h.Write(fmt.Appendf(nil, "%s %d %d %d:", m.Topic, m.Stamp, m.Received, len(m.Data)))
		h.Write(m.Data)
	}
	data, err := record(replay.WriterOptions{Rig: d.Rig(), Compression: replay.Uncompressed}, func(w *replay.Writer) error {
		return d.Run(ctx, workers, func(m replay.Message) error {
			hash(&m)
			return w.Write(m)
		}, nil)
	})
	if err != nil {
		return "", fmt.Errorf("make the fingerprint: %w", err)
	}
	r, err := openBytes(data, "the fingerprint's drive")
	if err != nil {
		return "", err
	}
	orders, err := degrade.ParseScenario([]byte(canaryOrders), "the fingerprint's orders")
	if err != nil {
		return "", err
	}
	_, err = degrade.Run(ctx, r, orders, degrade.Options{Seed: s.Seed, Workers: workers}, func(m replay.Message) error {
		hash(&m)
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("make the fingerprint: %w", err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
