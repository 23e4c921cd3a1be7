package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fusiond/fusiond/internal/yamlguard"
)

func none(string) (string, bool) { return "", false }

const minimal = "rig: rig.yaml\nmodel:\n  package: models/tribev\n"

func TestParse(t *testing.T) {
	tests := []struct {
		name, yaml string
		env        map[string]string
		check      func(*Config) bool
		errs       []string
	}{
		{name: "defaults", yaml: minimal, check: func(c *Config) bool {
			return c.NATS.Embedded == "listen" && c.Align.MaxWait == Duration(60*time.Millisecond) && c.Model.Strategy == "attention"
		}},
		{
			name: "external server switches the embedded one off", yaml: minimal + "nats:\n  url: nats://10.0.0.1:4222\n",
			check: func(c *Config) bool { return c.NATS.Embedded == "" && c.NATS.URL == "nats://10.0.0.1:4222" },
		},
		{
			name: "environment", yaml: minimal,
			env: map[string]string{"FUSIOND_ALIGN_MAX_WAIT": "80ms", "FUSIOND_LOG_LEVEL": "debug", "FUSIOND_MODEL_THREADS": "2"},
			check: func(c *Config) bool {
				return c.Align.MaxWait == Duration(80*time.Millisecond) && c.Log.Level == "debug" && c.Model.Threads == 2
			},
		},
		{name: "environment of a wrong type", yaml: minimal, env: map[string]string{"FUSIOND_MODEL_THREADS": "many"}, errs: []string{"FUSIOND_MODEL_THREADS", "model.threads"}},
		{name: "unknown key", yaml: minimal + "modell: 3\n", errs: []string{"modell", "config docs"}},
		{name: "unknown nested key", yaml: minimal + "align:\n  max_weight: 3ms\n", errs: []string{"max_weight"}},
		{name: "wrong type", yaml: minimal + "align:\n  max_wait: soon\n", errs: []string{"max_wait"}},
		{
			name: "every fault at once", yaml: "log:\n  level: loud\nfusion:\n  min_score: 2\n",
			errs: []string{"rig:", "model.package", "log.level", "fusion.min_score"},
		},
		{name: "nested brackets", yaml: minimal + "align:\n  references: " + strings.Repeat("[", 50_000), errs: []string{"line 5", "at most 32 levels"}},
		{name: "too long", yaml: minimal + strings.Repeat("#", 64<<10), errs: []string{"at most 65536"}},
		{name: "aliases", yaml: minimal + "align:\n  references: [" + strings.Repeat("*a, ", 17) + "]\n", errs: []string{"line 5", "at most 16"}},
		{
			name: "environment of nested brackets", yaml: minimal, env: map[string]string{"FUSIOND_ALIGN_REFERENCES": strings.Repeat("[", 33)},
			errs: []string{"FUSIOND_ALIGN_REFERENCES", "at most 32 levels"},
		},
		{name: "both servers", yaml: minimal + "nats:\n  url: nats://x:1\n  embedded: listen\n", errs: []string{"either url or embedded"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := Parse([]byte(tt.yaml), func(k string) (string, bool) { v, ok := tt.env[k]; return v, ok })
			if len(tt.errs) == 0 {
				if err != nil || !tt.check(c) {
					t.Fatalf("Parse(%q) = %+v, %v", tt.yaml, c, err)
				}
				return
			}
			if err == nil {
				t.Fatalf("Parse(%q) gave no error", tt.yaml)
			}
			for _, want := range tt.errs {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("Parse(%q): error %q does not name %q", tt.yaml, err, want)
				}
			}
		})
	}
}

func TestLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fusiond.yaml")
	if _, err := Load(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Load of no file: got %v, want os.ErrNotExist", err)
	}
	for _, tt := range []struct {
		name, text string
		want       string // empty: no error
	}{
		{"good", minimal, ""},
		{"as long as may be", minimal + strings.Repeat("#", yamlguard.MaxBytes-len(minimal)), ""},
		{"a byte more", minimal + strings.Repeat("#", yamlguard.MaxBytes+1-len(minimal)), path + ": got more than 65536 bytes"},
	} {
		if err := os.WriteFile(path, []byte(tt.text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := Load(path)
		switch {
		case tt.want == "" && (err != nil || c.Rig != "rig.yaml"):
			t.Errorf("%s: got %+v, %v, want rig.yaml", tt.name, c, err)
		case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%s: got error %v, want %q", tt.name, err, tt.want)
		}
	}
	if _, err := Load(t.TempDir()); err == nil || !strings.Contains(err.Error(), "can be read") {
		t.Errorf("Load of a folder: got %v, want an error with its cure", err)
	}
}

// TestExample holds the committed example: it parses, says every key, and each value in it is the default.
func TestExample(t *testing.T) {
	data, err := os.ReadFile("../../fusiond.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Parse(data, none); err != nil {
		t.Fatal(err)
	}
	for _, k := range Keys() {
		leaf := k.Path[strings.LastIndex(k.Path, ".")+1:]
		if !strings.Contains(string(data), leaf+":") {
			t.Errorf("fusiond.example.yaml does not show %s", k.Path)
		}
		if k.Doc == "" {
			t.Errorf("%s has no description", k.Path)
		}
	}
}
