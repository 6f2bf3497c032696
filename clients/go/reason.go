package synthserve

import (
	"crypto/x509"
	"strings"
	"syscall"
)

// explain describes why a connection failed, as far as gRPC's text shows, and how to fix it. gRPC's text follows.
func (r *route) explain(text string) string {
	if reason := r.reason(text); reason != "" {
		return reason + "; gRPC says: " + text
	}
	return "no answer from " + r.server() + ": " + text
}

// server describes the server and the proxy in messages.
func (r *route) server() string {
	if r.proxy == nil {
		return r.target
	}
	return r.target + " through the proxy " + r.proxy.String()
}

// reason returns the description and the fix for explain, or "".
func (r *route) reason(text string) string {
	server, has := r.server(), contained(text)
	switch {
	case r.proxy != nil && has(whileDialing):
		return "no connection to " + server + "; check the proxy, or name the server's host in NO_PROXY"
	case has("name resolver error"), has(whileDialing) && has("no such host"):
		return "cannot find the host of " + server + ": check the address"
	case has(whileDialing):
		return dialing(server, has)
	case has("waiting for connections"):
		return "no connection to " + server + " yet"
	case has("authentication handshake failed"):
		if reason := handshaking(server, has); reason != "" {
			return reason
		}
	}
	return r.closed(server, has)
}

const whileDialing = "Error while dialing"

// dialing explains failures to reach a server.
func dialing(server string, has func(...string) bool) string {
	switch {
	case has(syscall.ECONNREFUSED.Error()):
		return "no server at " + server + " (connection refused): is it running? Else check the address"
	case has(syscall.ENOENT.Error()):
		return "no server at " + server + " (no such socket): is it running? Else check the address"
	case has("i/o timeout", syscall.ETIMEDOUT.Error(), "deadline exceeded"):
		return "no connection to " + server + " (timed out): check the address, and whether a firewall lies between"
	case has(syscall.EHOSTUNREACH.Error(), syscall.ENETUNREACH.Error()):
		return "no way to " + server + ": check the address and the network"
	default:
		return "no connection to " + server
	}
}

// handshaking explains failed TLS handshakes: the client does not trust the server, or the server does not speak TLS.
func handshaking(server string, has func(...string) bool) string {
	switch {
	case has(x509.UnknownAuthorityError{}.Error()):
		return "the certificate of " + server + " was not issued by an authority that this client trusts: " +
			"give LoadTLS the certificate of its authority"
	case has("x509: certificate is valid for", "x509: certificate is not valid for any names", "any IP SANs", "Common Name"):
		return "the certificate of " + server + " is for other names: connect by a name in it"
	case has("not yet valid: current time") && has(" is before "):
		return "the certificate of " + server + " is not valid yet: check the clocks of both machines"
	case has("not yet valid: current time"):
		return "the certificate of " + server + " has expired: renew it, or check the clock of this machine"
	case has("does not look like a TLS handshake"):
		return server + " does not speak TLS: connect without WithTLS, or start the server with a certificate"
	case has("missing selected ALPN property"):
		return server + " speaks TLS, but not HTTP/2: check the address"
	case has("deadline exceeded", "i/o timeout"):
		return server + " accepted the connection and did not answer (timed out)"
	case has("handshake failed: EOF", syscall.ECONNRESET.Error()):
		return server + " closed the connection during the TLS handshake: it may not speak TLS; else see its log"
	default:
		return ""
	}
}

// closed explains connections that the server closed before the first gRPC frame.
func (r *route) closed(server string, has func(...string) bool) string {
	preface := has("error reading server preface")
	switch {
	case preface && has("use of closed network connection", "deadline exceeded", "i/o timeout"):
		return server + " accepted the connection and did not answer (timed out)"
	case r.certificates == nil && preface:
		return server + " closed the connection before it answered: it may want TLS (see WithTLS)"
	case r.certificates == nil || has("error reading from server"):
		return "" // The server had answered before.
	case has("remote error: tls:") && has("certificate"),
		r.certificates.asked.Load() && (preface || has(syscall.EPIPE.Error(), syscall.ECONNRESET.Error())):
		return r.certificates.refused(server)
	default:
		return ""
	}
}

// refused explains why a server did not accept this client's certificate, or asked for one in vain.
func (c *clientCertificate) refused(server string) string {
	if refusal := c.refusal.Load(); refusal != nil {
		return server + " asks for a client certificate, and that of this client " + *refusal
	}
	if c.own == nil && len(c.config.Certificates) == 0 {
		return server + " asks for a client certificate, and this client has none: give LoadTLS one with its key"
	}
	return server + " did not accept the certificate of this client: " +
		"it must be of an authority that the server trusts, and be valid now"
}

// contained returns a function that reports whether the text contains one of the given parts.
func contained(text string) func(...string) bool {
	return func(parts ...string) bool {
		for _, part := range parts {
			if strings.Contains(text, part) {
				return true
			}
		}
		return false
	}
}
