package synthserve

import (
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"google.golang.org/grpc/resolver"
)

// splitTarget splits a target into its scheme, if gRPC knows the scheme, and the rest after the scheme and the name of
// an authority.
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

// checkTarget fails for an invalid address. gRPC would report the server as unavailable, which would cause retries.
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

// isLocal reports whether the target is on this machine: a Unix socket, localhost or a loopback address.
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
	return err == nil && address.Unmap().IsLoopback()
}
