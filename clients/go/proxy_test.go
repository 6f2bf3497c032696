package synthserve

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	synthservev1 "synthserve.dev/go/synthserve/v1"
)

// remote is a server on another machine, as far as names tell: only the proxy knows where it is.
const remote = "synthserve.invalid:50051"

// tap is an HTTP proxy that keeps all that clients send through it.
type tap struct {
	address string

	mutex sync.Mutex
	sent  bytes.Buffer
}

// newTap starts a proxy. It gives an answer to what asks for a connection; if that is to go on, to the server.
func newTap(t *testing.T, answer, server string) *tap {
	t.Helper()
	listener := listen(t, "tcp", "127.0.0.1:0")
	p := &tap{address: listener.Addr().String()}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go p.serve(conn, answer, server)
		}
	}()
	return p
}

func (p *tap) serve(client net.Conn, answer, server string) {
	defer client.Close()
	buffer := make([]byte, 4096)
	n, err := client.Read(buffer) // A short request over the loopback comes as one.
	if err != nil {
		return
	}
	_, _ = p.Write(buffer[:n])
	if answer == "" {
		_, _ = io.Copy(p, client) // Until the client gives up.
		return
	}
	if _, err := fmt.Fprintf(client, "HTTP/1.1 %s\r\n\r\n", answer); err != nil || server == "" {
		return
	}
	upstream, err := net.Dial("tcp", server)
	if err != nil {
		return
	}
	defer upstream.Close()
	go func() { _, _ = io.Copy(client, upstream) }()
	_, _ = io.Copy(upstream, io.TeeReader(client, p))
}

func (p *tap) Write(b []byte) (int, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.sent.Write(b)
}

func (p *tap) seen() string {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.sent.String()
}

func (p *tap) variable(name string) string { return name + "=http://user:password@" + p.address }

func listen(t *testing.T, network, address string) net.Listener {
	t.Helper()
	listener, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return listener
}

// serveModels serves models on a listener; config is nil for plain text.
func serveModels(t *testing.T, listener net.Listener, config *tls.Config) {
	t.Helper()
	var options []grpc.ServerOption
	if config != nil {
		options = append(options, grpc.Creds(credentials.NewTLS(config)))
	}
	server := grpc.NewServer(options...)
	synthservev1.RegisterModelServiceServer(server, generators())
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
}

const found = "models/iris-vae"

func TestLocalTargetsUseNoProxy(t *testing.T) {
	_, port, err := net.SplitHostPort(ServeFake(t))
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(t.TempDir(), "socket")
	serveModels(t, listen(t, "unix", socket), nil)
	for _, target := range []string{
		"localhost:" + port, "LOCALHOST:" + port, "LocalHost:" + port, "dns:///LOCALHOST:" + port, "dns:LocalHost:" + port,
		"passthrough:///LOCALHOST:" + port, "127.0.0.1:" + port, "127.9.9.9:" + port, "[::ffff:127.0.0.1]:" + port,
		"unix:" + socket, "unix://" + socket,
	} {
		t.Run(target, func(t *testing.T) {
			if strings.HasPrefix(target, "127.9") {
				serveModels(t, listen(t, "tcp", target), nil)
			}
			proxy := newTap(t, "200 OK", "127.0.0.1:"+port)
			variables := []string{proxy.variable("HTTPS_PROXY"), proxy.variable("HTTP_PROXY"), proxy.variable("ALL_PROXY")}
			for _, e := range []errand{
				{Target: target},
				{Target: target, Token: "a-token"},
				{Target: target, Authorization: "Bearer a-token"},
			} {
				if got := e.send(t, variables...); got != found || proxy.seen() != "" {
					t.Errorf("got %s; the proxy saw %q", got, proxy.seen())
				}
			}
		})
	}
}

func TestTokensInPlainTextPassNoProxy(t *testing.T) {
	proxy := newTap(t, "200 OK", ServeFake(t))
	for name, c := range map[string]struct {
		errand errand
		want   string
	}{
		"a token":                   {errand{Token: "a-token"}, "token: would be sent to " + remote + " in plain text"},
		"a token, insisted on":      {errand{Token: "a-token", InsecureToken: true}, "cannot find the host of " + remote + ":"},
		"in metadata":               {errand{Authorization: "a-token"}, "authorization: would be sent to " + remote + " in plain text"},
		"in metadata, insisted on":  {errand{Authorization: "a-token", InsecureToken: true}, "cannot find the host of " + remote + ":"},
		"insisted on, without one":  {errand{InsecureToken: true}, "cannot find the host of " + remote + ":"},
		"a token, to what looks so": {errand{Target: "localhost.invalid:1", Token: "a-token"}, "would be sent to localhost.invalid:1"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.errand.Target == "" {
				c.errand.Target = remote
			}
			got := c.errand.send(t, proxy.variable("HTTPS_PROXY"))
			if !strings.Contains(got, c.want) || strings.Contains(got, "proxy") {
				t.Errorf("got %s", got)
			}
			if seen := proxy.seen(); seen != "" {
				t.Errorf("the proxy saw %q", seen)
			}
		})
	}
}

func TestProxiesOfTheEnvironment(t *testing.T) {
	plain := ServeFake(t)
	ca := newAuthority(t)
	config := serverTLS(t, ca, localhost())
	secure := listen(t, "tcp", "127.0.0.1:0")
	serveModels(t, secure, config)
	for name, c := range map[string]struct {
		errand   errand
		server   string
		variable string
		more     string
		used     bool
		want     string
	}{
		"in plain text":       {errand{}, plain, "HTTPS_PROXY", "", true, found},
		"in small letters":    {errand{}, plain, "https_proxy", "", true, found},
		"beside an empty one": {errand{}, plain, "https_proxy", "HTTPS_PROXY=", true, found},
		"with a scheme":       {errand{Target: "dns:///" + remote}, plain, "HTTPS_PROXY", "", true, found},
		"passed through":      {errand{Target: "passthrough:///" + remote}, plain, "HTTPS_PROXY", "", true, found},
		"over TLS":            {errand{CA: ca.file, Token: "a-token"}, secure.Addr().String(), "HTTPS_PROXY", "", true, found},
		"not for this host":   {errand{}, plain, "HTTPS_PROXY", "NO_PROXY=.invalid", false, "cannot find the host of " + remote + ":"},
		"not for HTTPS":       {errand{}, plain, "HTTP_PROXY", "", false, "cannot find the host of " + remote + ":"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.errand.Target == "" {
				c.errand.Target = remote
			}
			proxy := newTap(t, "200 OK", c.server)
			if got := c.errand.send(t, proxy.variable(c.variable), c.more); !strings.Contains(got, c.want) {
				t.Errorf("got %s", got)
			}
			seen := proxy.seen()
			if strings.HasPrefix(seen, "CONNECT "+remote+" HTTP/1.1\r\n") != c.used || strings.Contains(seen, "a-token") {
				t.Errorf("the proxy saw %q", seen)
			}
			if c.used && !strings.Contains(seen, "\r\nProxy-Authorization: Basic dXNlcjpwYXNzd29yZA==\r\n") {
				t.Errorf("the proxy was not told who asks: %q", seen)
			}
		})
	}
}

func TestErrorsNameTheProxy(t *testing.T) {
	plain := ServeFake(t)
	refusing, asking, silent := newTap(t, "403 Forbidden", ""), newTap(t, "407 Proxy Authentication Required", ""), newTap(t, "", "")
	garbled, open := newTap(t, "x", ""), newTap(t, "200 OK", plain)
	stranger := newAuthority(t).file
	for name, c := range map[string]struct {
		errand   errand
		variable string
		proxy    string
		want     string
	}{
		"no server":     {errand{}, "HTTPS_PROXY", "127.0.0.1:1", "connection refused"},
		"small letters": {errand{}, "https_proxy", "127.0.0.1:1", "connection refused"},
		"unknown host":  {errand{}, "HTTPS_PROXY", "nothing.invalid:1", "no such host"},
		"it refuses":    {errand{}, "HTTPS_PROXY", refusing.address, "the proxy refused: 403 Forbidden"},
		"it asks who":   {errand{}, "HTTPS_PROXY", asking.address, "the proxy refused: 407 Proxy Authentication Required"},
		"it is none":    {errand{}, "HTTPS_PROXY", garbled.address, "the proxy's answer cannot be read"},
		"it is silent":  {errand{Timeout: time.Second}, "HTTPS_PROXY", silent.address, "not done by the deadline"},
		"no TLS there":  {errand{CA: stranger}, "HTTPS_PROXY", open.address, "TLS"},
	} {
		t.Run(name, func(t *testing.T) {
			c.errand.Target = remote
			got := c.errand.send(t, c.variable+"=http://user:password@"+c.proxy)
			named := remote + " through the proxy http://" + c.proxy + " (" + c.variable + ")"
			if !strings.Contains(got, named) || !strings.Contains(got, c.want) {
				t.Errorf("got %s", got)
			}
			if strings.Contains(got, "password") || strings.Contains(got, "user") {
				t.Errorf("the error has the password: %s", got)
			}
		})
	}
}

func TestWhatIsNoProxy(t *testing.T) {
	for _, value := range []string{"http://user:password@[::1", "http://user:password@host:port"} {
		got := errand{Target: remote}.send(t, "HTTPS_PROXY="+value)
		if !strings.Contains(got, "HTTPS_PROXY: is not the address of a proxy") || strings.Contains(got, "password") {
			t.Errorf("%s: got %s", value, got)
		}
		_, port, _ := net.SplitHostPort(ServeFake(t))
		if got := (errand{Target: "LOCALHOST:" + port}).send(t, "HTTPS_PROXY="+value); got != found {
			t.Errorf("%s: a local target needs none, got %s", value, got)
		}
	}
}

// What a server says in the same packet as the proxy's answer belongs to the server.
func TestAProxyThatIsQuick(t *testing.T) {
	here, there := net.Pipe()
	defer here.Close()
	go func() {
		defer there.Close()
		_, _ = there.Read(make([]byte, 4096))
		_, _ = there.Write([]byte("HTTP/1.1 200 OK\r\n\r\nSETTINGS"))
	}()
	tunnel, err := new(proxy).tunnel(here, remote)
	if err != nil {
		t.Fatal(err)
	}
	if said, err := io.ReadAll(tunnel); err != nil || string(said) != "SETTINGS" {
		t.Errorf("got %q, %v", said, err)
	}
}
