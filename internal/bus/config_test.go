package bus

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestConfigValidate(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing.creds")
	for _, tc := range []struct {
		name string
		cfg  Config
		want []string // parts of the error; none: valid
	}{
		{"default", DefaultConfig(), nil},
		{"embedded with nothing else", Config{Embedded: EmbeddedListen}, nil},
		{"in-process", Config{Embedded: EmbeddedInProcess}, nil},
		{"url", Config{URL: "nats://10.0.0.1:4222"}, nil},
		{"several urls", Config{URL: "tls://a:4222, wss://b"}, nil},
		{"all interfaces, written out", Config{Embedded: EmbeddedListen, Listen: "0.0.0.0:4222"}, nil},
		{"jetstream", Config{Embedded: EmbeddedListen, JetStream: JetStream{Enabled: true, StoreDir: "x"}}, nil},
		{"zero", Config{}, []string{"nats.url: no server is named"}},
		{"embedded misspelt", Config{Embedded: "on"}, []string{`nats.embedded: "on" is not known`}},
		{"both", Config{Embedded: EmbeddedListen, URL: "nats://a"}, []string{"nats.url: embedded is \"listen\" too"}},
		{"scheme", Config{URL: "http://a"}, []string{`scheme "http" is not known`}},
		{"no scheme", Config{URL: "localhost:4222"}, []string{`scheme "localhost" is not known`}},
		{"no host", Config{URL: "nats://"}, []string{"has no host"}},
		{"second url", Config{URL: "nats://a,ftp://b"}, []string{"server 2"}},
		{"two identities", Config{URL: "nats://a", CredentialsFile: missing, NKeySeedFile: missing}, []string{"one identity", "no such file"}},
		{"missing file", Config{URL: "nats://a", CredentialsFile: missing}, []string{"nats.credentials_file", missing}},
		{"cert without key", Config{URL: "nats://a", TLS: TLS{Cert: missing}}, []string{"cert and key belong together"}},
		{"tls embedded", Config{Embedded: EmbeddedListen, TLS: TLS{CA: missing}}, []string{"need an external server"}},
		{"listen with url", Config{URL: "nats://a", Listen: "127.0.0.1:1"}, []string{"belong to the embedded server"}},
		{"listen in-process", Config{Embedded: EmbeddedInProcess, Listen: "127.0.0.1:1"}, []string{"does not listen"}},
		{"listen to the world by omission", Config{Embedded: EmbeddedListen, Listen: ":4222"}, []string{"has no host"}},
		{"listen without port", Config{Embedded: EmbeddedListen, Listen: "127.0.0.1"}, []string{"is not host:port"}},
		{"port zero", Config{Embedded: EmbeddedListen, Listen: "127.0.0.1:0"}, []string{"no usable port"}},
		{"port too large", Config{Embedded: EmbeddedListen, Listen: "127.0.0.1:65536"}, []string{"no usable port"}},
		{"websocket", Config{Embedded: EmbeddedListen, Websocket: "nowhere"}, []string{"nats.websocket"}},
		{"jetstream without a folder", Config{Embedded: EmbeddedListen, JetStream: JetStream{Enabled: true}}, []string{"store_dir"}},
		{"jetstream external", Config{URL: "nats://a", JetStream: JetStream{Enabled: true}}, []string{"only the embedded server"}},
		{"payload small", Config{Embedded: EmbeddedListen, MaxPayload: 1}, []string{"nats.max_payload: 1 is out of range"}},
		{"payload large", Config{Embedded: EmbeddedListen, MaxPayload: 1 << 30}, []string{"out of range"}},
		{"all at once", Config{URL: "ftp://a", MaxPayload: 1, TLS: TLS{Key: missing}}, []string{"scheme", "max_payload", "belong together"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := tc.cfg.Validate()
			if (err == nil) != (len(tc.want) == 0) {
				t.Fatalf("got %v, want %q", err, tc.want)
			}
			for _, want := range tc.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want %q in it", err, want)
				}
			}
		})
	}
}

func TestNoSecretInErrors(t *testing.T) {
	for _, u := range []string{"nats://u:s3cret@%zz", "nats://u:s3cret@:4222", "ftp://u:s3cret@a", "nats://u:s3cret@127.0.0.1:1"} {
		cfg := Config{URL: u}
		err := cfg.Validate()
		if err == nil {
			_, err = Open(testContext(t), cfg, discard()) // nobody listens on port 1
		}
		if err == nil {
			t.Errorf("%s: got no error", u)
			continue
		}
		if strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: the error holds the password: %v", u, err)
		}
	}
}

func TestLoopback(t *testing.T) {
	for host, want := range map[string]bool{
		"127.0.0.1": true, "127.9.9.9": true, "::1": true, "localhost": true, "0.0.0.0": false, "::": false, "10.0.0.1": false, "car": false,
	} {
		if got := loopback(host); got != want {
			t.Errorf("%s: got %v, want %v", host, got, want)
		}
	}
}
