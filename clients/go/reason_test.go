package synthserve

import (
	"context"
	"crypto/elliptic"
	"crypto/tls"
	"crypto/x509"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// failureOf is the error of a call to a server that cannot be had.
func failureOf(t *testing.T, target string, config *tls.Config) error {
	t.Helper()
	options := []Option{WithRetryPolicy(NoRetries())}
	if config != nil {
		options = append(options, WithTLS(config))
	}
	client, err := NewClient(target, options...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	_, err = client.Model(t.Context(), "iris-vae")
	return err
}

func loaded(t *testing.T, ca, certificate, key string) *tls.Config {
	t.Helper()
	config, err := LoadTLS(ca, certificate, key)
	if err != nil {
		t.Fatal(err)
	}
	return config
}

// meets listens, and gives each connection to a function before it closes it.
func meets(t *testing.T, meet func(net.Conn)) string {
	t.Helper()
	listener := listen(t, "tcp", "127.0.0.1:0")
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				meet(conn)
			}()
		}
	}()
	return byName(t, listener)
}

func TestReasons(t *testing.T) {
	ca, stranger := newAuthority(t), newAuthority(t)
	certificate, key := ca.issue(t)
	strange, strangeKey := stranger.issue(t)
	template := localhost()
	template.NotAfter = time.Now().Add(-time.Minute)
	expired, expiredKey := ca.issueFor(t, ecdsaKey(t, elliptic.P256()), template)
	secure := func(change func(*x509.Certificate)) string {
		template := localhost()
		change(template)
		listener := listen(t, "tcp", "127.0.0.1:0")
		serveModels(t, listener, serverTLS(t, ca, template))
		return byName(t, listener)
	}
	good := secure(func(*x509.Certificate) {})
	mutual := serveTLS(t, ca, generators())
	plain := ServeFake(t)
	// Servers of gRPC's C library, such as synthserve's, close the connection without a word.
	curt := func(names *x509.CertPool) string {
		config := serverTLS(t, ca, localhost())
		config.ClientAuth, config.ClientCAs, config.NextProtos = tls.RequestClientCert, names, []string{"h2"}
		return meets(t, func(conn net.Conn) { _ = tls.Server(conn, config).Handshake() })
	}
	trusting := loaded(t, ca.file, "", "")
	known := loaded(t, ca.file, certificate, key)
	unknown := loaded(t, ca.file, strange, strangeKey)
	late := loaded(t, ca.file, expired, expiredKey)
	callback := trusting.Clone()
	callback.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		return &unknown.Certificates[0], nil
	}
	named := x509.NewCertPool()
	named.AddCert(ca.certificate)
	for name, c := range map[string]struct {
		target string
		tls    *tls.Config
		want   string // after the target
		says   string // gRPC
	}{
		"no server":      {"127.0.0.1:1", nil, "no server at * (connection refused): is it running?", "connection refused"},
		"no server, TLS": {"localhost:1", trusting, "no server at * (connection refused): is it running?", "connection refused"},
		"no socket":      {"unix:" + filepath.Join(t.TempDir(), "socket"), nil, "no server at * (no such socket): is it running?", "no such file"},
		"unknown host":   {"nothing.invalid:1", nil, "cannot find the host of *: check the address", "zero addresses"},
		"unknown host, passed through": {
			"passthrough:///nothing.invalid:1", nil, "cannot find the host of *: check the address", "no such host",
		},
		"unknown authority": {
			good, loaded(t, stranger.file, "", ""),
			"the certificate of * was not issued by an authority that this client trusts: give LoadTLS", "x509: certificate signed by",
		},
		"unknown to the system": {
			good, loaded(t, "", "", ""), "the certificate of * was not issued by an authority that this client trusts", "x509: ",
		},
		"another name": {
			secure(func(c *x509.Certificate) { c.DNSNames = []string{"example.com"} }), trusting,
			"the certificate of * is for other names: connect by a name in it", "valid for example.com, not localhost",
		},
		"no name": {
			secure(func(c *x509.Certificate) { c.DNSNames = nil }), trusting, "the certificate of * is for other names", "x509: ",
		},
		"an address": {
			strings.Replace(good, "localhost", "127.0.0.1", 1), trusting, "the certificate of * is for other names", "IP SANs",
		},
		"expired": {
			secure(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }), trusting,
			"the certificate of * has expired: renew it, or check the clock", "x509: certificate has expired",
		},
		"not valid yet": {
			secure(func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Minute) }), trusting,
			"the certificate of * is not valid yet: check the clock", "x509: certificate has expired or is not yet valid",
		},
		"TLS to plain text": {
			strings.Replace(plain, "127.0.0.1", "localhost", 1), trusting, "* does not speak TLS: connect without WithTLS", "first record",
		},
		"TLS to plain text that says nothing": {
			meets(t, func(conn net.Conn) { _, _ = conn.Read(make([]byte, 1)) }), trusting, "* closed the connection during the TLS handshake: it may not speak TLS", "",
		},
		"TLS, not for HTTP/2": {
			meets(t, func(conn net.Conn) { _ = tls.Server(conn, serverTLS(t, ca, localhost())).Handshake() }), trusting,
			"* speaks TLS, but not HTTP/2: check the address", "ALPN",
		},
		"plain text to TLS":              {good, nil, "* closed the connection before it answered: it may want TLS (see WithTLS)", "preface"},
		"plain text to mutual TLS":       {mutual, nil, "* closed the connection before it answered: it may want TLS (see WithTLS)", "preface"},
		"no client certificate":          {mutual, trusting, "* asks for a client certificate, and this client has none: give LoadTLS", ""},
		"no client certificate, curtly":  {curt(nil), trusting, "* asks for a client certificate, and this client has none: give LoadTLS", ""},
		"another authority":              {mutual, unknown, "* asks for a client certificate, and that of this client is of none of the authorities", ""},
		"another authority, curtly":      {curt(named), unknown, "* asks for a client certificate, and that of this client is of none of the authorities", ""},
		"another authority, unnamed":     {curt(nil), unknown, "* did not accept the certificate of this client: it must be of an authority", ""},
		"another authority, by callback": {mutual, callback, "* did not accept the certificate of this client: it must be of an authority", ""},
		"an expired client certificate":  {mutual, late, "* did not accept the certificate of this client: it must be of an authority that the server trusts, and be valid now", ""},
		"a server that ends":             {curt(nil), known, "* did not accept the certificate of this client", ""},
	} {
		t.Run(name, func(t *testing.T) {
			err := failureOf(t, c.target, c.tls)
			want := strings.Replace(c.want, "*", c.target, 1)
			if status.Code(err) != codes.Unavailable || !strings.HasPrefix(err.Error(), "synthserve: "+want) {
				t.Errorf("got %v; want %s", err, want)
			}
			if _, says, _ := strings.Cut(err.Error(), "; gRPC says: "); says == "" || !strings.Contains(says, c.says) {
				t.Errorf("gRPC's text is missing: %v", err)
			}
		})
	}
	if err := failureOf(t, mutual, known); err != nil {
		t.Errorf("with all that is asked for: %v", err)
	}
}

func TestADeadlineWhileConnecting(t *testing.T) {
	silent := meets(t, func(net.Conn) { <-t.Context().Done() })
	silent = strings.Replace(silent, "localhost", "127.0.0.1", 1)
	for name, config := range map[string]*tls.Config{"in plain text": nil, "over TLS": {}} {
		t.Run(name, func(t *testing.T) {
			var options []Option
			if config != nil {
				options = append(options, WithTLS(config))
			}
			client, err := NewClient(silent, options...)
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err = client.Model(ctx, "iris-vae")
			want := "synthserve: not done by the deadline: no connection to " + silent + " yet; gRPC says: "
			if status.Code(err) != codes.DeadlineExceeded || !strings.HasPrefix(err.Error(), want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// What gRPC says when the networks are as no test can make them.
func TestReasonsOfNetworks(t *testing.T) {
	const dial = `connection error: desc = "transport: Error while dialing: dial tcp 192.0.2.1:1: `
	for text, want := range map[string]string{
		dial + `i/o timeout"`:                     "no connection to host:1 (timed out): check the address",
		dial + `connect: connection timed out"`:   "no connection to host:1 (timed out): check the address",
		dial + `connect: no route to host"`:       "no way to host:1: check the address and the network",
		dial + `connect: network is unreachable"`: "no way to host:1: check the address and the network",
		dial + `connect: permission denied"`:      "no connection to host:1; gRPC says: ",
		`connection error: desc = "error reading server preface: raw-read tcp 1: use of closed network connection"`: "host:1 accepted the connection and did not answer (timed out)",
		`connection error: desc = "transport: authentication handshake failed: context deadline exceeded"`:          "host:1 accepted the connection and did not answer (timed out)",
		`name resolver error: dns: A record lookup error: lookup host on 192.0.2.1:53: server misbehaving`:          "cannot find the host of host:1: check the address",
		`error reading from server: EOF`:                      "no answer from host:1: ",
		`error reading from server: connection reset by peer`: "no answer from host:1: ",
		`upstream connect error: connection refused`:          "no answer from host:1: ",
		`the disk is full`:                                    "no answer from host:1: ",
	} {
		if got := (&route{target: "host:1"}).explain(text); !strings.HasPrefix(got, want) || !strings.HasSuffix(got, text) {
			t.Errorf("%s: got %s", text, got)
		}
	}
}

// The servers of gRPC's C library, such as synthserve's, take these.
var cLibrary = []tls.SignatureScheme{
	tls.ECDSAWithP256AndSHA256, tls.PSSWithSHA256, tls.PKCS1WithSHA256, tls.ECDSAWithP384AndSHA384, tls.PSSWithSHA384,
}

func TestClientKeysThatAServerDoesNotTake(t *testing.T) {
	ca := newAuthority(t)
	for name, kind := range keyKinds(t) {
		certificate, key := ca.issueFor(t, kind.key, localhost())
		answer := newClientCertificate(loaded(t, ca.file, certificate, key))
		request := &tls.CertificateRequestInfo{Version: tls.VersionTLS13, SignatureSchemes: cLibrary}
		sent, err := answer.choose(request)
		if err != nil || (len(sent.Certificate) > 0) != kind.cLibrary {
			t.Errorf("%s: sent %v, %v", name, sent, err)
		}
		got := answer.refused("host:1")
		if strings.Contains(got, "a key of a kind that the server does not take: "+name) == kind.cLibrary {
			t.Errorf("%s: %s", name, got)
		}
	}
}
