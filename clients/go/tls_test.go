package synthserve

import (
	"context"
	"crypto"
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
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	synthservev1 "synthserve.dev/go/synthserve/v1"
)

// authority signs certificates, and lies in a PEM file.
type authority struct {
	file        string
	certificate *x509.Certificate
	key         crypto.Signer
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: "authority " + rand.Text()},
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
	}
	key := ecdsaKey(t, elliptic.P256())
	encoded := sign(t, key, template, nil)
	certificate, err := x509.ParseCertificate(encoded)
	if err != nil {
		t.Fatal(err)
	}
	return authority{writePEM(t, "CERTIFICATE", encoded), certificate, key}
}

// issue makes a certificate for localhost, and returns the PEM files of it and its key.
func (a authority) issue(t *testing.T) (certificate, key string) {
	t.Helper()
	return a.issueFor(t, ecdsaKey(t, elliptic.P256()), localhost())
}

// issueFor completes a certificate for a key, and returns the PEM files of both.
func (a authority) issueFor(t *testing.T, key crypto.Signer, template *x509.Certificate) (certificateFile, keyFile string) {
	t.Helper()
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return writePEM(t, "CERTIFICATE", sign(t, key, template, &a)), writePEM(t, "PRIVATE KEY", pkcs8)
}

func localhost() *x509.Certificate {
	return &x509.Certificate{
		Subject:     pkix.Name{CommonName: "localhost"},
		DNSNames:    []string{"localhost", "synthserve.invalid"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
}

func ecdsaKey(t *testing.T, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// sign completes a certificate, valid for now unless it says otherwise; without an authority it signs itself.
func sign(t *testing.T, key crypto.Signer, template *x509.Certificate, by *authority) []byte {
	t.Helper()
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	if template.NotBefore.IsZero() {
		template.NotBefore = time.Now().Add(-time.Hour)
	}
	if template.NotAfter.IsZero() {
		template.NotAfter = time.Now().Add(time.Hour)
	}
	parent, signer := template, key
	if by != nil {
		parent, signer = by.certificate, by.key
	}
	encoded, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

func writePEM(t *testing.T, kind string, content []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "file.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content}), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// serverTLS is the configuration of a server with a certificate like the template.
func serverTLS(t *testing.T, ca authority, template *x509.Certificate) *tls.Config {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(ca.issueFor(t, ecdsaKey(t, elliptic.P256()), template))
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}}
}

// mutualTLS is the configuration of a server that asks clients for certificates of an authority.
func mutualTLS(t *testing.T, ca authority) *tls.Config {
	t.Helper()
	config := serverTLS(t, ca, localhost())
	config.ClientAuth, config.ClientCAs = tls.RequireAndVerifyClientCert, x509.NewCertPool()
	config.ClientCAs.AddCert(ca.certificate)
	return config
}

// serveTLS serves on a real socket and asks clients for certificates; it returns its address.
func serveTLS(t *testing.T, ca authority, f *fake) string {
	t.Helper()
	listener := listen(t, "tcp", "127.0.0.1:0")
	server := grpc.NewServer(grpc.Creds(credentials.NewTLS(mutualTLS(t, ca))))
	synthservev1.RegisterModelServiceServer(server, f)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return byName(t, listener)
}

// byName is the address of a listener, by the name that certificates have.
func byName(t *testing.T, listener net.Listener) string {
	t.Helper()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return "localhost:" + port
}

func TestMutualTLS(t *testing.T) {
	ca, stranger := newAuthority(t), newAuthority(t)
	certificate, key := ca.issue(t)
	strange, strangeKey := stranger.issue(t)
	target := serveTLS(t, ca, &fake{
		get: func(ctx context.Context, _ *synthservev1.GetModelRequest) (*synthservev1.GetModelResponse, error) {
			sent, _ := metadata.FromIncomingContext(ctx)
			return &synthservev1.GetModelResponse{Model: &synthservev1.Model{Name: sent.Get("authorization")[0]}}, nil
		},
	})
	for name, c := range map[string]struct {
		ca, certificate, key string
		want                 codes.Code
	}{
		"both are known":               {ca.file, certificate, key, codes.OK},
		"the client has none":          {ca.file, "", "", codes.Unavailable},
		"the client is a stranger":     {ca.file, strange, strangeKey, codes.Unavailable},
		"the server is a stranger":     {stranger.file, certificate, key, codes.Unavailable},
		"the system knows no such one": {"", certificate, key, codes.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			config, err := LoadTLS(c.ca, c.certificate, c.key)
			if err != nil {
				t.Fatal(err)
			}
			client, err := NewClient(target, WithTLS(config), WithToken("a secret"), WithRetryPolicy(NoRetries()))
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			model, err := client.Model(t.Context(), "numbers")
			if status.Code(err) != c.want {
				t.Fatalf("got %v, want %s", err, c.want)
			}
			if err == nil && model.GetName() != "Bearer a secret" {
				t.Errorf("sent %q", model.GetName())
			}
		})
	}
}

func TestFilesThatAreNoCertificates(t *testing.T) {
	certificate, key := newAuthority(t).issue(t)
	_, other := newAuthority(t).issue(t)
	missing := filepath.Join(t.TempDir(), "missing.pem")
	for name, files := range map[string][3]string{
		"no authority":        {missing, "", ""},
		"a key for authority": {key, "", ""},
		"only a certificate":  {"", certificate, ""},
		"only a key":          {"", "", key},
		"another key":         {"", certificate, other},
		"no certificate":      {"", missing, key},
	} {
		if config, err := LoadTLS(files[0], files[1], files[2]); err == nil {
			t.Errorf("%s: got %v", name, config)
		}
	}
}
