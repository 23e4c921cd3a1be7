package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/fusiond/fusiond/internal/config"
	"github.com/fusiond/fusiond/internal/pipeline"
)

type checkCmd struct {
	Config string `required:"" short:"c" help:"Configuration file." type:"path"`
	JSON   bool   `help:"Print the result as JSON."`
}

// Run implements the verb: it loads all that the daemon would load, and opens the networks.
func (c *checkCmd) Run() error {
	cfg, err := config.Load(c.Config)
	if err != nil {
		return err
	}
	natsErr := busConfig(&cfg.NATS).Validate()
	p, err := loadParts(cfg, filepath.Dir(c.Config))
	if err := errors.Join(natsErr, err); err != nil {
		return fmt.Errorf("check %s: %w", c.Config, err)
	}
	rt, err := openRuntime(cfg.Model.Library)
	if err != nil {
		return err
	}
	e, err := pipeline.New(pipeline.Options{
		Rig: p.rig, Package: p.pack, Runtime: rt, Align: p.align, Strategy: cfg.Model.Strategy, Network: p.network,
		Sink: func(pipeline.Output) {},
	})
	if err != nil {
		return errors.Join(err, rt.Close())
	}
	if err := errors.Join(e.Close(), rt.Close()); err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(os.Stdout, map[string]any{
			"ok": true, "config": c.Config, "vehicle": p.vehicle, "rig_revision": p.rig.Revision, "rig_sha256": p.rig.Hash(),
			"sensors": len(p.rig.Sensors), "model": p.pack.Label(), "strategy": cfg.Model.Strategy,
		})
	}
	_, err = fmt.Printf("%s is good: vehicle %s, rig revision %s with %d sensors, model %s, strategy %s\n",
		c.Config, p.vehicle, p.rig.Revision, len(p.rig.Sensors), p.pack.Label(), cfg.Model.Strategy)
	return err
}
