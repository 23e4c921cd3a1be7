package bus

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
)

// The limits and defaults of the bus.
const (
	// DefaultMaxPayload is the largest message (headers and payload) that a fusiond system carries: 8 MiB.
	DefaultMaxPayload = 8 << 20
	// DefaultListen is where the embedded server listens.
	DefaultListen = "127.0.0.1:4222"

	minMaxPayload = 64 << 10
	maxMaxPayload = 64 << 20 // the NATS server's own hard advice; larger frames belong into pieces
	// embeddedMaxPending is what the embedded server holds for one slow peer before it cuts it off.
	embeddedMaxPending = 256 << 20
)

// The ways to embed a server.
const (
	// EmbeddedOff: the server is external, at Config.URL.
	EmbeddedOff = ""
	// EmbeddedListen: a server inside the process that others reach at Config.Listen.
	EmbeddedListen = "listen"
	// EmbeddedInProcess: a server inside the process that nobody else reaches.
	EmbeddedInProcess = "inprocess"
)

// Config says which NATS server to use. The zero value is not valid; DefaultConfig is.
type Config struct {
	// URL of an external server: nats://, tls://, ws:// or wss://; several with commas. Empty when embedded.
	URL string `yaml:"url"`
	// CredentialsFile is a .creds file with a user's JWT and seed.
	CredentialsFile string `yaml:"credentials_file"`
	// NKeySeedFile is a file with a user's NKey seed.
	NKeySeedFile string `yaml:"nkey_seed_file"`
	// TLS of the connections to an external server.
	TLS TLS `yaml:"tls"`
	// Embedded is "", "listen" or "inprocess".
	Embedded string `yaml:"embedded"`
	// Listen is host:port of the embedded listening server; port -1 takes a free one. Empty: DefaultListen.
	Listen string `yaml:"listen"`
	// Websocket is host:port where the embedded listening server also speaks websocket, for browsers. Empty: off.
	Websocket string `yaml:"websocket"`
	// MaxPayload is the largest message in bytes, headers and payload together; 0 is DefaultMaxPayload.
	MaxPayload int `yaml:"max_payload"`
	// JetStream of the embedded server.
	JetStream JetStream `yaml:"jetstream"`
}

// TLS names PEM files. CA alone checks the server; Cert and Key also prove who we are.
type TLS struct {
	CA   string `yaml:"ca"`
	Cert string `yaml:"cert"`
	Key  string `yaml:"key"`
}

// JetStream of the embedded server: off, or its files in StoreDir.
type JetStream struct {
	Enabled  bool   `yaml:"enabled"`
	StoreDir string `yaml:"store_dir"`
}

// DefaultConfig is an embedded server on loopback, without JetStream and websocket.
func DefaultConfig() Config {
	return Config{Embedded: EmbeddedListen, Listen: DefaultListen, MaxPayload: DefaultMaxPayload}
}

func (c Config) withDefaults() Config {
	if c.MaxPayload == 0 {
		c.MaxPayload = DefaultMaxPayload
	}
	if c.Listen == "" && c.Embedded == EmbeddedListen {
		c.Listen = DefaultListen
	}
	return c
}

// Validate returns every fault at once, or nil. It looks at files only as far as to say that one is missing. No error
// holds a URL's password.
func (c Config) Validate() error {
	c = c.withDefaults()
	var errs []error
	bad := func(field, format string, args ...any) {
		errs = append(errs, fmt.Errorf("nats.%s: "+format, append([]any{field}, args...)...))
	}
	if c.MaxPayload < minMaxPayload || c.MaxPayload > maxMaxPayload {
		bad("max_payload", "%d is out of range: use %d to %d bytes", c.MaxPayload, minMaxPayload, maxMaxPayload)
	}
	switch c.Embedded {
	case EmbeddedOff:
		errs = append(errs, c.validateExternal(bad)...)
	case EmbeddedListen, EmbeddedInProcess:
		c.validateEmbedded(bad)
	default:
		bad("embedded", "%q is not known: use \"listen\", \"inprocess\", or leave it out and set url", c.Embedded)
	}
	return errors.Join(errs...)
}

func (c Config) validateExternal(bad func(field, format string, args ...any)) []error {
	if c.URL == "" {
		bad("url", "no server is named: set url, or embedded to \"listen\" or \"inprocess\"")
	}
	for i, u := range c.servers() {
		if err := checkURL(u); err != nil {
			bad("url", "server %d: %w", i+1, err)
		}
	}
	if c.CredentialsFile != "" && c.NKeySeedFile != "" {
		bad("nkey_seed_file", "credentials_file is set too: a connection has one identity, leave one of them out")
	}
	if (c.TLS.Cert == "") != (c.TLS.Key == "") {
		bad("tls", "cert and key belong together: set both or neither")
	}
	if c.JetStream != (JetStream{}) {
		bad("jetstream", "only the embedded server is configured here: set it in the external server's own file")
	}
	if c.Listen != "" || c.Websocket != "" {
		bad("listen", "listen and websocket belong to the embedded server: leave them out with url")
	}
	var errs []error
	for _, f := range []struct{ field, path string }{
		{"credentials_file", c.CredentialsFile},
		{"nkey_seed_file", c.NKeySeedFile},
		{"tls.ca", c.TLS.CA},
		{"tls.cert", c.TLS.Cert},
		{"tls.key", c.TLS.Key},
	} {
		if f.path == "" {
			continue
		}
		if _, err := os.Stat(f.path); err != nil {
			errs = append(errs, fmt.Errorf("nats.%s: %w: name a file that this user can read", f.field, err))
		}
	}
	return errs
}

func (c Config) validateEmbedded(bad func(field, format string, args ...any)) {
	if c.URL != "" {
		bad("url", "embedded is %q too: keep one of them", c.Embedded)
	}
	if c.CredentialsFile != "" || c.NKeySeedFile != "" || c.TLS != (TLS{}) {
		bad("tls", "credentials and TLS need an external server: run nats-server with them and set url")
	}
	if c.JetStream.Enabled && c.JetStream.StoreDir == "" {
		bad("jetstream.store_dir", "is empty: name a folder for JetStream's files, or turn jetstream off")
	}
	if c.Embedded == EmbeddedInProcess {
		if c.Listen != "" || c.Websocket != "" {
			bad("listen", "an in-process server does not listen: leave listen and websocket out, or set embedded to \"listen\"")
		}
		return
	}
	if _, _, err := splitListen(c.Listen); err != nil {
		bad("listen", "%w", err)
	}
	if c.Websocket != "" {
		if _, _, err := splitListen(c.Websocket); err != nil {
			bad("websocket", "%w", err)
		}
	}
}

func (c Config) servers() []string {
	var out []string
	for s := range strings.SplitSeq(c.URL, ",") {
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// redactedURL is fit for logs.
func (c Config) redactedURL() string {
	servers := c.servers()
	for i, s := range servers {
		if u, err := url.Parse(s); err == nil {
			servers[i] = u.Redacted()
		} else {
			servers[i] = "(unreadable url)"
		}
	}
	return strings.Join(servers, ",")
}

func checkURL(s string) error {
	u, err := url.Parse(s)
	if err != nil {
		// url.Parse quotes its input, password and all.
		return errors.New("cannot be read as a URL: write it like nats://host:4222")
	}
	switch u.Scheme {
	case "nats", "tls", "ws", "wss":
	default:
		return fmt.Errorf("scheme %q is not known: write it like nats://host:4222, or tls://, ws://, wss://", u.Scheme)
	}
	if u.Hostname() == "" {
		return errors.New("has no host: write it like nats://host:4222")
	}
	return nil
}

// splitListen reads host:port; the host must be written, so that nobody listens to the world by leaving it out.
func splitListen(s string) (host string, port int, err error) {
	host, p, err := net.SplitHostPort(s)
	if err != nil {
		return "", 0, fmt.Errorf("%q is not host:port (%w): write it like %s", s, err, DefaultListen)
	}
	if host == "" {
		return "", 0, fmt.Errorf("%q has no host: write 127.0.0.1, or 0.0.0.0 to be reached from other machines", s)
	}
	port, err = strconv.Atoi(p)
	if err != nil || port == 0 || port < -1 || port > 65535 {
		return "", 0, fmt.Errorf("%q has no usable port: use 1 to 65535, or -1 for a free one", s)
	}
	return host, port, nil
}

// loopback reports whether host is reached from this machine only.
func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
