package config

import (
	"fmt"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

// Duration reads "60ms" and says, when it cannot, which line and key is wrong.
type Duration time.Duration

// UnmarshalYAML implements yaml.NodeUnmarshaler.
func (d *Duration) UnmarshalYAML(n ast.Node) error {
	token := n.GetToken()
	v, err := time.ParseDuration(token.Value)
	if err != nil {
		return &yaml.SyntaxError{
			Message: fmt.Sprintf("%s: %q is no duration: write for example 60ms", n.GetPath(), token.Value), Token: token,
		}
	}
	*d = Duration(v)
	return nil
}

// String returns the duration as it is written in the file.
func (d Duration) String() string { return time.Duration(d).String() }
