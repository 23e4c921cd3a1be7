package main

import (
	"fmt"
	"os"

	"github.com/fusiond/fusiond/replay"
)

type recoverCmd struct {
	File string `arg:"" help:"Damaged recording; it is not changed." type:"existingfile"`
	Out  string `required:"" help:"Recording to write." type:"path"`
	JSON bool   `help:"Print the report as JSON."`
}

// Run implements the verb.
func (c *recoverCmd) Run() error {
	rec, err := replay.Recover(c.File, c.Out)
	if err != nil {
		return err
	}
	if c.JSON {
		err = writeJSON(os.Stdout, rec)
	} else {
		_, err = fmt.Printf("%s: %d messages in %d chunks kept\n", rec.Out, rec.Messages, rec.Chunks)
		for _, d := range rec.Damages {
			if err == nil {
				_, err = fmt.Printf("  at byte %d: %s: %s\n", d.Offset, d.What, d.Cause)
			}
		}
	}
	if err != nil || rec.Whole {
		return err
	}
	if !rec.LostKnown {
		return loss("recovered, but the recording ends early: how much is lost is not known")
	}
	return loss("recovered, but %d messages are lost", rec.LostMessages)
}
