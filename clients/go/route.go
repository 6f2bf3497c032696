package synthserve

import (
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
)

// route is the connection path to a server.
type route struct {
	target       string
	direct       bool               // ignore the proxies of the environment
	proxy        *proxy             // nil: direct connection
	certificates *clientCertificate // nil: in plain text
}

// route determines the path to a server. It fails if the environment names an invalid proxy.
func (s *settings) route(target string) (*route, error) {
	r := &route{target: target}
	if s.tls != nil {
		r.certificates = newClientCertificate(s.tls)
	}
	// A token in plain text must not pass through a proxy.
	r.direct = isLocal(target) || (s.tls == nil && s.insecureToken)
	if r.direct {
		return r, nil
	}
	var err error
	switch scheme, endpoint := splitTarget(target); scheme {
	case "", "dns", "passthrough": // gRPC resolves the other schemes, and selects a proxy for each address.
		r.proxy, err = proxyFor(withPort(endpoint))
	}
	return r, err
}

// dialOptions returns gRPC's target and its options.
func (s *settings) dialOptions(r *route) (string, []grpc.DialOption) {
	target := r.target
	options := []grpc.DialOption{
		grpc.WithUserAgent(userAgent),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage)),
		// A broken stream resumes soon after a server is back, not after gRPC's backoff of up to two minutes.
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff: backoff.Config{
				BaseDelay:  100 * time.Millisecond,
				Multiplier: 2,
				Jitter:     0.2,
				MaxDelay:   2 * time.Second,
			},
			MinConnectTimeout: 20 * time.Second,
		}),
		// Detects a peer that vanished. Servers by default close connections that ping more than once in five minutes.
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 330 * time.Second, Timeout: 20 * time.Second}),
		// This package decides about retries, not a service config from a name server.
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
		// The proxy gets the name and resolves it. If the caller passes options, gRPC uses the proxy by itself, because an
		// option can turn that off.
		_, endpoint := splitTarget(target)
		target = "passthrough:///" + withPort(endpoint)
		options = append(options, grpc.WithContextDialer(r.proxy.dial))
	}
	options = append(options, s.dial...)
	// Last, so that they see the metadata that the caller's interceptors add.
	check := outgoing{target: r.target, refuseTokens: s.tls == nil && !r.direct}
	return target, append(options, grpc.WithChainUnaryInterceptor(check.unary), grpc.WithChainStreamInterceptor(check.stream))
}
