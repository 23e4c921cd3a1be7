package config

import (
	"os"
	"strings"
	"testing"
	"time"
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
