package main

import (
	"context"
	"errors"
	"os"

	"github.com/fusiond/fusiond/replay"
)

type infoCmd struct {
	File string `arg:"" help:"Recording (MCAP)." type:"existingfile"`
	JSON bool   `help:"Print as JSON."`
	Rig  bool   `help:"Print the recording's rig file instead."`
}

// Run implements the verb.
func (c *infoCmd) Run(ctx context.Context) (err error) {
	if c.Rig {
		r, err := replay.Open(c.File)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, r.Close()) }()
		a, err := r.Attachment(replay.RigAttachment)
		if err != nil {
			return err
		}
		_, err = os.Stdout.Write(a.Data)
		return err
	}
	info, err := replay.Info(ctx, c.File)
	if err != nil {
		return err
	}
	if c.JSON {
		err = writeJSON(os.Stdout, info)
	} else {
		err = info.WriteText(os.Stdout)
	}
	if err == nil && !info.SummaryIntact {
		err = loss("recording %s is damaged: `fusiond recover %s --out NEW.mcap` keeps what is whole", c.File, c.File)
	}
	return err
}
