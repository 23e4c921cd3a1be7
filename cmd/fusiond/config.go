package main

import (
	"os"

	"github.com/fusiond/fusiond/internal/config"
)

type configCmd struct {
	Docs configDocsCmd `cmd:"" help:"Describe every key."`
}

type configDocsCmd struct {
	JSON bool `help:"Print as JSON."`
}

// Run implements the verb.
func (c *configDocsCmd) Run() error {
	if c.JSON {
		return writeJSON(os.Stdout, config.Keys())
	}
	return config.WriteDocs(os.Stdout)
}
