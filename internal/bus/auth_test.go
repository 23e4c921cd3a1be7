package bus

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"
)

func writeFile(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// keyPair makes an NKey and its seed.
func keyPair(t *testing.T, create func() (nkeys.KeyPair, error)) (kp nkeys.KeyPair, public string, seed []byte) {
	t.Helper()
	kp, err := create()
	if err != nil {
		t.Fatal(err)
	}
	if public, err = kp.PublicKey(); err != nil {
		t.Fatal(err)
	}
	if seed, err = kp.Seed(); err != nil {
		t.Fatal(err)
	}
	return kp, public, seed
}

// tryBus opens a bus, sends one message through it and says what went wrong.
func tryBus(t *testing.T, cfg Config) error {
	t.Helper()
	b, err := Open(testContext(t), cfg, discard())
	if err != nil {
		return err
	}
	defer func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}()
	in := openIngest(t, b, IngestConfig{})
	if err := b.Publish("av.car.ego", KindEgo.Schema(), []byte("x")); err != nil {
		return err
	}
	receive(t, in)
	return nil
}

func wantRefused(t *testing.T, what string, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: got in, want a refusal", what)
		return
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("%s: got %v, want %q in it", what, err, p)
		}
	}
}

func TestNKey(t *testing.T) {
	_, public, seed := keyPair(t, nkeys.CreateUser)
	_, _, strange := keyPair(t, nkeys.CreateUser)
	s := startServer(t, &server.Options{MaxPayload: DefaultMaxPayload, Nkeys: []*server.NkeyUser{{Nkey: public}}})
	url := s.ClientURL()
	if err := tryBus(t, Config{URL: url, NKeySeedFile: writeFile(t, "user.nk", seed)}); err != nil {
		t.Errorf("right key: %v", err)
	}
	wantRefused(t, "wrong key", tryBus(t, Config{URL: url, NKeySeedFile: writeFile(t, "user.nk", strange)}), "Authorization", "check nats.")
	wantRefused(t, "no key", tryBus(t, Config{URL: url}), "check nats.")
	wantRefused(t, "not a key", tryBus(t, Config{URL: url, NKeySeedFile: writeFile(t, "user.nk", []byte("hello"))}), "nkey_seed_file", "SU")
}

func TestCredentialsFile(t *testing.T) {
	operator, operatorID, _ := keyPair(t, nkeys.CreateOperator)
	account, accountID, _ := keyPair(t, nkeys.CreateAccount)
	_, userID, userSeed := keyPair(t, nkeys.CreateUser)
	accountJWT, err := jwt.NewAccountClaims(accountID).Encode(operator)
	if err != nil {
		t.Fatal(err)
	}
	userJWT, err := jwt.NewUserClaims(userID).Encode(account)
	if err != nil {
		t.Fatal(err)
	}
	resolver := &server.MemAccResolver{}
	if err := resolver.Store(accountID, accountJWT); err != nil {
		t.Fatal(err)
	}
	s := startServer(t, &server.Options{MaxPayload: DefaultMaxPayload, TrustedKeys: []string{operatorID}, AccountResolver: resolver})
	creds, err := jwt.FormatUserConfig(userJWT, userSeed)
	if err != nil {
		t.Fatal(err)
	}
	if err := tryBus(t, Config{URL: s.ClientURL(), CredentialsFile: writeFile(t, "user.creds", creds)}); err != nil {
		t.Errorf("right credentials: %v", err)
	}
	wantRefused(t, "no credentials", tryBus(t, Config{URL: s.ClientURL()}), "check nats.")
}

// pki is a self-made authority with a server's and a client's certificate.
type pki struct {
	ca, cert, key string // files
	pool          *x509.CertPool
	server        tls.Certificate
}

func makePKI(t *testing.T) pki {
	t.Helper()
	newKey := func() *ecdsa.PrivateKey {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	template := func(serial int64, name string) *x509.Certificate {
		return &x509.Certificate{
			SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name},
			NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
			KeyUsage:    x509.KeyUsageDigitalSignature,
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
			IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		}
	}
	caKey, ca := newKey(), template(1, "test authority")
	ca.IsCA, ca.BasicConstraintsValid, ca.KeyUsage = true, true, x509.KeyUsageCertSign
	sign := func(cert *x509.Certificate, key *ecdsa.PrivateKey) (certPEM, keyPEM []byte) {
		der, err := x509.CreateCertificate(rand.Reader, cert, ca, &key.PublicKey, caKey)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := x509.MarshalECPrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
			pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: raw})
	}
	caPEM, _ := sign(ca, caKey)
	serverCert, serverKey := sign(template(2, "server"), newKey())
	clientCert, clientKey := sign(template(3, "client"), newKey())
	pair, err := tls.X509KeyPair(serverCert, serverKey)
	if err != nil {
		t.Fatal(err)
	}
	p := pki{
		ca: writeFile(t, "ca.pem", caPEM), cert: writeFile(t, "cert.pem", clientCert), key: writeFile(t, "key.pem", clientKey),
		pool: x509.NewCertPool(), server: pair,
	}
	p.pool.AppendCertsFromPEM(caPEM)
	return p
}

func TestTLS(t *testing.T) {
	p, strange := makePKI(t), makePKI(t)
	s := startServer(t, &server.Options{
		MaxPayload: DefaultMaxPayload, TLS: true, TLSVerify: true, TLSTimeout: 5,
		TLSConfig: &tls.Config{
			MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{p.server},
			ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: p.pool,
		},
	})
	url := "tls://" + s.Addr().String()
	if err := tryBus(t, Config{URL: url, TLS: TLS{CA: p.ca, Cert: p.cert, Key: p.key}}); err != nil {
		t.Errorf("right certificates: %v", err)
	}
	wantRefused(t, "server of another authority", tryBus(t, Config{URL: url, TLS: TLS{CA: strange.ca, Cert: p.cert, Key: p.key}}), "authority")
	wantRefused(t, "no authority", tryBus(t, Config{URL: url}), "authority", "nats.tls")
	wantRefused(t, "no client certificate", tryBus(t, Config{URL: url, TLS: TLS{CA: p.ca}}))
	wantRefused(t, "client of another authority", tryBus(t, Config{URL: url, TLS: TLS{CA: p.ca, Cert: strange.cert, Key: strange.key}}))
	wantRefused(t, "certificate is no certificate", tryBus(t, Config{URL: url, TLS: TLS{CA: p.key}}), "nats.tls")
}
