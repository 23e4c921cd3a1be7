package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/fusiond/fusiond/internal/bus"
	"github.com/fusiond/fusiond/replay"
)

type playCmd struct {
	File string  `arg:"" help:"Recording (MCAP)." type:"existingfile"`
	URL  string  `default:"nats://127.0.0.1:4222" env:"NATS_URL" help:"NATS server."`
	Rate float64 `default:"1" help:"Speed; 1 is real time."`
}

// Run implements the verb.
func (c *playCmd) Run(ctx context.Context) (err error) {
	r, err := replay.Open(c.File)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	b, err := bus.Open(ctx, bus.Config{URL: c.URL}, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	progress, finish := eventBar(r, "play")
	defer finish()
	report, err := play(ctx, r, b, c.Rate, func(m replay.Message) { progress(m.Received) })
	if err != nil {
		return err
	}
	_, err = fmt.Printf("%d messages published, at most %.1f ms behind the schedule\n", report.Messages, report.MaxLate.Seconds()*1000)
	return err
}

// play publishes a recording's inputs on a bus as the vehicle would send them.
func play(ctx context.Context, r *replay.Reader, b *bus.Bus, rate float64, sent func(replay.Message)) (replay.PlayReport, error) {
	p := replay.Player{Options: replay.Options{Inputs: true}, Rate: rate, Publish: func(m replay.Message) error {
		if err := b.Publish(m.Topic, m.Schema, m.Data); err != nil {
			return err
		}
		sent(m)
		return nil
	}}
	return p.Play(ctx, r)
}
