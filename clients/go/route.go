package synthserve

import (
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
)

// route is the way to a server.
type route struct {
	target       string
	direct       bool               // whatever the environment says of proxies
	proxy        *proxy             // nil: none lies between
	certificates *clientCertificate // nil: in plain text
}

// route finds the way to a server. It fails where the environment names a proxy that cannot be one.
func (s *settings) route(target string) (*route, error) {
	r := &route{target: target}
	if s.tls != nil {
		r.certificates = newClientCertificate(s.tls)
	}
	// A token in plain text is for the server only.
	r.direct = isLocal(target) || (s.tls == nil && s.insecureToken)
	if r.direct {
		return r, nil
	}
	var err error
	switch scheme, endpoint := splitTarget(target); scheme {
	case "", "dns", "passthrough": // Of others, gRPC knows the addresses, and finds a proxy for each.
		r.proxy, err = proxyFor(withPort(endpoint))
	}
	return r, err
}

// dialOptions returns what gRPC is to connect to, and how.
func (s *settings) dialOptions(r *route) (string, []grpc.DialOption) {
	target := r.target
	options := []grpc.DialOption{
		grpc.WithUserAgent(userAgent),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage)),
		// A broken stream goes on soon after a server is back, not after gRPC's backoff of up to two minutes.
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff: backoff.Config{
				BaseDelay:  100 * time.Millisecond,
				Multiplier: 2,
				Jitter:     0.2,
				MaxDelay:   2 * time.Second,
			},
			MinConnectTimeout: 20 * time.Second,
		}),
		// Finds a peer that vanished. Servers by default close connections that ping more than once in five minutes.
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 330 * time.Second, Timeout: 20 * time.Second}),
		// What is tried again is decided here, and not by what a name server says.
		grpc.WithDisableServiceConfig(),
	}
	transport := insecure.NewCredentials()
	if r.certificates != nil {
		transport = credentials.NewTLS(r.certificates.config)
	}
	options = append(options, grpc.WithTransportCredentials(transport))
	if s.token != nil {
		options = append(options, grpc.WithPerRPCCredentials(bearer{s.token, s.tls != nil}))
	}
	switch {
	case r.direct:
		options = append(options, grpc.WithNoProxy())
	case r.proxy != nil && len(s.dial) == 0:
		// The proxy is told the name, and finds the address. With options of the caller gRPC does the same by itself, as one
		// of them can be that it should not.
		_, endpoint := splitTarget(target)
		target = "passthrough:///" + withPort(endpoint)
		options = append(options, grpc.WithContextDialer(r.proxy.dial))
	}
	options = append(options, s.dial...)
	// Last, so that they see what the caller's interceptors add.
	check := outgoing{target: r.target, refuseTokens: s.tls == nil && !r.direct}
	return target, append(options, grpc.WithChainUnaryInterceptor(check.unary), grpc.WithChainStreamInterceptor(check.stream))
}
