// Package config reads the daemon's YAML file: strict keys, a default and a description for each, environment overrides.
package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/fusiond/fusiond/internal/yamlguard"
)

// Config is the whole file. The doc tag describes a key; `fusiond config docs` prints them.
type Config struct {
	Vehicle string `yaml:"vehicle" doc:"vehicle id, the <veh> of every NATS subject; the rig's when empty"`
	Rig     string `yaml:"rig" doc:"path of the rig file (sensors and calibration), relative to this file"`
	NATS    NATS   `yaml:"nats" doc:"where the sensors are and the objects go"`
	Model   Model  `yaml:"model" doc:"the networks and what runs them"`
	Align   Align  `yaml:"align" doc:"which samples belong together"`
	Fusion  Fusion `yaml:"fusion" doc:"from network outputs to objects"`
	Health  Health `yaml:"health" doc:"health messages"`
	Metrics Listen `yaml:"metrics" doc:"Prometheus metrics"`
	Record  Record `yaml:"record" doc:"recording of what goes in and out"`
	Log     Log    `yaml:"log" doc:"structured logs on standard error"`
}

// NATS connection.
type NATS struct {
	URL         string `yaml:"url" doc:"external server, for example nats://127.0.0.1:4222 or tls://host:4222; not with embedded"`
	Embedded    string `yaml:"embedded" doc:"own server: listen (clients may connect) or inprocess (nobody else); empty for an external one"`
	Listen      string `yaml:"listen" doc:"address of the embedded server; port -1 takes a free one"`
	Credentials string `yaml:"credentials" doc:"path of a .creds file (JWT and key)"`
	NKeySeed    string `yaml:"nkey_seed" doc:"path of an NKey seed file"`
	TLS         TLS    `yaml:"tls" doc:"encryption of the connection"`
}

// TLS files.
type TLS struct {
	CA   string `yaml:"ca" doc:"path of the certificate authority's PEM file"`
	Cert string `yaml:"cert" doc:"path of the client's certificate"`
	Key  string `yaml:"key" doc:"path of the client's key"`
}

// Model package and runtime.
type Model struct {
	Package  string                       `yaml:"package" doc:"folder of the model package, relative to this file"`
	Strategy string                       `yaml:"strategy" doc:"fuser of the package: attention or early"`
	Provider string                       `yaml:"provider" doc:"auto, cpu, cuda, tensorrt, webgpu or plugin:PATH; a named one must work"`
	Options  map[string]map[string]string `yaml:"provider_options" doc:"ONNX Runtime's own options a provider, for example {cuda: {device_id: \"0\"}}"`
	Library  string                       `yaml:"library" doc:"path of an own libonnxruntime; empty looks at FUSIOND_ONNXRUNTIME, the cache that make setup fills, the system"`
	Threads  int                          `yaml:"threads" doc:"threads an operator of an encoder; the fuser takes twice as many"`
}

// Align settings; see package timesync.
type Align struct {
	MaxWait    Duration          `yaml:"max_wait" doc:"longest wait for members after the reference's arrival"`
	References []string          `yaml:"references" doc:"streams that set the times, in order of preference; empty: the rig's lidars"`
	Streams    map[string]Stream `yaml:"streams" doc:"settings of single streams by sensor name"`
}

// Stream settings; zero values mean the rule of the rig's rate.
type Stream struct {
	Disabled  bool     `yaml:"disabled" doc:"ignore the sensor: its samples are dropped as disabled"`
	Tolerance Duration `yaml:"tolerance" doc:"farthest stamp from the set's time; default half a period plus jitter"`
	MaxAge    Duration `yaml:"max_age" doc:"oldest sample that may stand in; default one and a half periods"`
	Jitter    Duration `yaml:"jitter" doc:"how much stamps deviate from the period"`
}

// Fusion settings.
type Fusion struct {
	MinScore   float64  `yaml:"min_score" doc:"lowest score of a detection, 0..1"`
	MaxPeaks   int      `yaml:"max_peaks" doc:"largest number of peaks looked at in a set"`
	OverlapIoU float64  `yaml:"overlap_iou" doc:"overlap above which the weaker of two boxes of one class group goes, 0..1"`
	Validity   Duration `yaml:"validity" doc:"how long an object list may be used after its set's time"`
}

// Health settings.
type Health struct {
	Period Duration `yaml:"period" doc:"time between health messages"`
}

// Listen address.
type Listen struct {
	Listen string `yaml:"listen" doc:"address of the HTTP page /metrics, loopback unless told otherwise; empty: none"`
}

// Record settings.
type Record struct {
	File string `yaml:"file" doc:"MCAP file that receives inputs and outputs; empty: none. It must not exist"`
}

// Log settings.
type Log struct {
	Level  string `yaml:"level" doc:"debug, info, warn or error"`
	Format string `yaml:"format" doc:"text or json"`
}

// Default returns the values of keys that a file leaves out.
func Default() Config {
	return Config{
		NATS:   NATS{Embedded: "listen", Listen: "127.0.0.1:4222"},
		Model:  Model{Strategy: "attention", Provider: "auto", Threads: 1},
		Align:  Align{MaxWait: Duration(60 * time.Millisecond)},
		Fusion: Fusion{MinScore: 0.1, MaxPeaks: 300, OverlapIoU: 0.2, Validity: Duration(300 * time.Millisecond)},
		Health: Health{Period: Duration(time.Second)},
		Log:    Log{Level: "info", Format: "text"},
	}
}

// Load reads a file, applies the environment and checks the values. Every fault of the values is reported at once.
func Load(path string) (*Config, error) {
	f, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, fmt.Errorf("load configuration: %w: name an existing file, see fusiond.example.yaml", err)
	}
	data, err := io.ReadAll(io.LimitReader(f, yamlguard.MaxBytes+1))
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("load configuration %s: %w: name a file that can be read, see fusiond.example.yaml", path, err)
	}
	c, err := Parse(data, os.LookupEnv)
	if err != nil {
		return nil, fmt.Errorf("load configuration %s: %w", path, err)
	}
	return c, nil
}

// Parse reads YAML with strict keys over the defaults; lookup gives environment variables. Text beyond the bounds of yamlguard is
// refused.
func Parse(data []byte, lookup func(string) (string, bool)) (*Config, error) {
	if err := yamlguard.Check(data); err != nil {
		return nil, err
	}
	c := Default()
	if err := yaml.UnmarshalWithOptions(data, &c, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("%w\nsee `fusiond config docs` for every key", err)
	}
	// A file that names an external server means it: the default of an own server must not stand in its way.
	var given struct {
		NATS struct {
			URL, Embedded string
		}
	}
	if err := yaml.Unmarshal(data, &given); err != nil {
		return nil, err
	}
	if given.NATS.URL != "" && given.NATS.Embedded == "" {
		c.NATS.Embedded = ""
	}
	if err := applyEnvironment(&c, lookup); err != nil {
		return nil, err
	}
	return &c, c.validate()
}

func (c *Config) validate() error {
	var errs []error
	want := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	oneOf := func(key, got string, allowed ...string) {
		for _, a := range allowed {
			if got == a {
				return
			}
		}
		want(false, "%s: %q is not one of %q", key, got, allowed)
	}
	want(c.Rig != "", "rig: give the path of the rig file")
	want(c.Model.Package != "", "model.package: give the folder of a model package, for example models/tribev")
	oneOf("nats.embedded", c.NATS.Embedded, "", "listen", "inprocess")
	want((c.NATS.URL == "") != (c.NATS.Embedded == ""), "nats: give either url or embedded, not both")
	want(c.Model.Threads >= 1 && c.Model.Threads <= 64, "model.threads: %d is not in 1..64", c.Model.Threads)
	want(c.Align.MaxWait > 0 && c.Align.MaxWait <= Duration(10*time.Second), "align.max_wait: %v is not in (0, 10s]", c.Align.MaxWait)
	want(c.Fusion.MinScore > 0 && c.Fusion.MinScore < 1, "fusion.min_score: %g is not inside 0..1", c.Fusion.MinScore)
	want(c.Fusion.MaxPeaks >= 1 && c.Fusion.MaxPeaks <= 10000, "fusion.max_peaks: %d is not in 1..10000", c.Fusion.MaxPeaks)
	want(c.Fusion.OverlapIoU > 0 && c.Fusion.OverlapIoU <= 1, "fusion.overlap_iou: %g is not in (0, 1]", c.Fusion.OverlapIoU)
	want(c.Fusion.Validity > 0, "fusion.validity: %v is not positive", c.Fusion.Validity)
	want(c.Health.Period >= Duration(100*time.Millisecond), "health.period: %v is below 100ms", c.Health.Period)
	oneOf("log.level", c.Log.Level, "debug", "info", "warn", "error")
	oneOf("log.format", c.Log.Format, "text", "json")
	return errors.Join(errs...)
}
