package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/fusiond/fusiond/internal/bus"
)

type ctlCmd struct {
	Strategy ctlStrategyCmd `cmd:"" help:"Fuse with another strategy of the daemon's model package from the next set on."`
}

type ctlStrategyCmd struct {
	Name    string        `arg:"" help:"Fuser of the package, for example early."`
	URL     string        `default:"nats://127.0.0.1:4222" env:"NATS_URL" help:"NATS server."`
	Vehicle string        `required:"" help:"Vehicle whose daemon is asked."`
	Timeout time.Duration `default:"30s" help:"How long to wait for the answer: a network is opened first."`
	JSON    bool          `help:"Print the answer as JSON: previous and present strategy."`
}

// Run implements the verb.
func (c *ctlStrategyCmd) Run(ctx context.Context) (err error) {
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	b, err := bus.Open(ctx, bus.Config{URL: c.URL}, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	request, err := json.Marshal(strategyRequest{c.Name})
	if err != nil {
		return err
	}
	reply, err := b.Request(ctx, bus.ControlSubject(c.Vehicle, strategyVerb), request)
	if err != nil {
		return err
	}
	var answer strategyAnswer
	if err := json.Unmarshal(reply, &answer); err != nil {
		return fmt.Errorf("read the daemon's answer %.80q: %w", reply, err)
	}
	if c.JSON {
		return writeJSON(os.Stdout, answer)
	}
	_, err = fmt.Printf("vehicle %s: strategy %s, before %s\n", c.Vehicle, answer.Present, answer.Previous)
	return err
}
