package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/fusiond/fusiond/internal/config"
)

type runCmd struct {
	Config string `required:"" short:"c" help:"Configuration file; see fusiond.example.yaml and fusiond config docs." type:"path"`
}

// Run implements the verb: it ends on SIGTERM or an interrupt with nothing in flight lost.
func (c *runCmd) Run(ctx context.Context) error {
	cfg, err := config.Load(c.Config)
	if err != nil {
		return err
	}
	p, err := loadParts(cfg, filepath.Dir(c.Config))
	if err != nil {
		return err
	}
	d, err := startDaemon(ctx, p, newLogger(os.Stderr, cfg.Log))
	if err != nil {
		return err
	}
	return errors.Join(d.run(ctx), d.close())
}
