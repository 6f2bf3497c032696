package synthserve

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// proxy is an HTTP proxy that the environment names for a target.
type proxy struct {
	variable string // the variable that names it
	scheme   string
	user     *url.Userinfo
	address  string // HOST:PORT
}

// String returns the address and the variable, without the user and the password.
func (p *proxy) String() string { return p.scheme + "://" + p.address + " (" + p.variable + ")" }

// proxyFor returns the proxy that the environment sets for an endpoint, or nil. The rule is that of net/http for HTTPS,
// which is also gRPC's: HTTPS_PROXY or https_proxy, unless NO_PROXY or no_proxy excludes the endpoint.
func proxyFor(endpoint string) (*proxy, error) {
	variable := "HTTPS_PROXY"
	if os.Getenv(variable) == "" {
		variable = "https_proxy"
	}
	found, err := http.ProxyFromEnvironment(&http.Request{URL: &url.URL{Scheme: "https", Host: endpoint}})
	if err == nil && found == nil {
		return nil, nil
	}
	// A malformed URL is parsed as a host and a path, which gives the host "http:".
	if err != nil || strings.HasSuffix(found.Host, ":") {
		// The message omits the value, which can contain a password.
		return nil, invalid(variable, "is not the address of a proxy, such as http://HOST:PORT")
	}
	return &proxy{variable, found.Scheme, found.User, withPort(found.Host)}, nil
}

// withPort adds gRPC's default port to an address without a port.
func withPort(address string) string {
	parsed := url.URL{Host: address}
	if parsed.Port() != "" {
		return address
	}
	return net.JoinHostPort(parsed.Hostname(), "443")
}

// dial connects to an address through the proxy. gRPC could do so too, but it waits forever if the host of the proxy is
// unknown or the proxy does not answer.
func (p *proxy) dial(ctx context.Context, address string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", p.address)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	tunnel, err := p.tunnel(conn, address)
	if !stop() {
		err = fmt.Errorf("the proxy did not answer: %w", ctx.Err())
	}
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return tunnel, nil
}

// tunnel asks the proxy at the other end to connect to an address.
func (p *proxy) tunnel(conn net.Conn, address string) (net.Conn, error) {
	request := &http.Request{
		Method: http.MethodConnect,
		URL:    &url.URL{Host: address},
		Header: http.Header{"User-Agent": {userAgent}},
	}
	if p.user != nil {
		password, _ := p.user.Password()
		request.SetBasicAuth(p.user.Username(), password)
		request.Header["Proxy-Authorization"] = request.Header["Authorization"]
		request.Header.Del("Authorization")
	}
	if err := request.Write(conn); err != nil {
		return nil, err
	}
	reader := bufio.NewReader(conn)
	response, err := http.ReadResponse(reader, request)
	if err != nil {
		return nil, fmt.Errorf("the proxy's answer cannot be read: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the proxy refused: %s", response.Status)
	}
	if reader.Buffered() == 0 {
		return conn, nil
	}
	return tunnelled{conn, reader}, nil
}

// tunnelled is a connection whose first bytes are already in the buffer that read the proxy's answer.
type tunnelled struct {
	net.Conn
	reader io.Reader
}

func (t tunnelled) Read(b []byte) (int, error) { return t.reader.Read(b) }
