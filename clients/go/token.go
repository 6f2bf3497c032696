package synthserve

import (
	"context"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/status"
)

// bearer sends a token with each call.
type bearer struct {
	source func(context.Context) (string, error)
	secure bool
}

// GetRequestMetadata implements credentials.PerRPCCredentials.
func (b bearer) GetRequestMetadata(ctx context.Context, _ ...string) (map[string]string, error) {
	token, err := b.source(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil, status.FromContextError(ctx.Err()).Err()
		}
		return nil, status.Errorf(codes.Unauthenticated, "there is no token: %v", err)
	}
	value, err := authorization(token)
	if err != nil {
		return nil, status.Error(codes.Unauthenticated, err.Error())
	}
	return map[string]string{"authorization": value}, nil
}

// RequireTransportSecurity implements credentials.PerRPCCredentials.
func (b bearer) RequireTransportSecurity() bool { return b.secure }

// authorization returns the header for a token. The error does not repeat it.
func authorization(token string) (string, error) {
	token = strings.TrimSpace(token)
	unfit := func(r rune) bool { return r < ' ' || r > '~' }
	if token == "" || strings.ContainsFunc(token, unfit) {
		return "", invalid("token", "must be a line of ASCII text")
	}
	return "Bearer " + token, nil
}

// checkToken refuses a token that others could read on its way, or that no header can hold.
func (s *settings) checkToken(target string) error {
	if s.tls == nil && !s.insecureToken && !isLocal(target) {
		return invalid("token", "would be sent to %s in plain text; connect with WithTLS, "+
			"or give WithInsecureToken where something else secures the connection", target)
	}
	if s.fixedToken == nil {
		return nil
	}
	_, err := authorization(*s.fixedToken)
	return err
}

// splitTarget returns the scheme of a target, where it has one that gRPC knows, and what follows it and the name of an
// authority.
func splitTarget(target string) (scheme, endpoint string) {
	parsed, err := url.Parse(target)
	if err != nil || resolver.Get(parsed.Scheme) == nil {
		return "", target
	}
	if parsed.Opaque != "" {
		return parsed.Scheme, parsed.Opaque
	}
	return parsed.Scheme, strings.TrimPrefix(parsed.Path, "/")
}

// checkTarget fails for what cannot be an address. gRPC would say that the server is unavailable, and be asked again.
func checkTarget(target string) error {
	scheme, endpoint := splitTarget(target)
	if scheme != "" {
		return nil
	}
	host, port, err := net.SplitHostPort(endpoint)
	if err != nil || host == "" || strings.ContainsAny(host, "/ ") {
		return invalid("target", "must be HOST:PORT, not %q", target)
	}
	if number, err := strconv.ParseUint(port, 10, 16); err != nil || number == 0 {
		return invalid("target", "the port must be from 1 to 65535, not %q", port)
	}
	return nil
}

// isLocal tells whether what is sent to the target stays on this machine.
func isLocal(target string) bool {
	scheme, endpoint := splitTarget(target)
	if strings.HasPrefix(scheme, "unix") {
		return true
	}
	host, _, err := net.SplitHostPort(endpoint)
	if err != nil {
		host = strings.Trim(endpoint, "[]")
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.IsLoopback()
}
