package synthserve

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"sync/atomic"
)

// clientCertificate selects a certificate for the server as package tls does, and records the result for error
// messages: many servers close the connection without an alert if the certificate is missing or not accepted.
type clientCertificate struct {
	config  *tls.Config
	own     func(*tls.CertificateRequestInfo) (*tls.Certificate, error) // the caller's way to answer, or nil
	asked   atomic.Bool
	refusal atomic.Pointer[string] // why none of the certificates was sent
}

func newClientCertificate(config *tls.Config) *clientCertificate {
	c := &clientCertificate{config: config.Clone(), own: config.GetClientCertificate}
	c.config.GetClientCertificate = c.choose
	return c
}

func (c *clientCertificate) choose(request *tls.CertificateRequestInfo) (*tls.Certificate, error) {
	c.asked.Store(true)
	if c.own != nil {
		return c.own(request)
	}
	c.refusal.Store(nil)
	for i := range c.config.Certificates {
		certificate := &c.config.Certificates[i]
		if request.SupportsCertificate(certificate) == nil {
			return certificate, nil
		}
		c.refusal.Store(new(unfit(request, certificate)))
	}
	// The server decides whether to accept a client without a certificate.
	return new(tls.Certificate), nil
}

// unfit returns the reason why a server would not accept a certificate.
func unfit(request *tls.CertificateRequestInfo, certificate *tls.Certificate) string {
	anybody := *request
	anybody.AcceptableCAs = nil
	if anybody.SupportsCertificate(certificate) != nil {
		return "has a key of a kind that the server does not take: " + keyKind(certificate)
	}
	return "is of none of the authorities that the server names"
}

// keyKind describes the key of a certificate.
func keyKind(certificate *tls.Certificate) string {
	leaf := certificate.Leaf
	if leaf == nil {
		var err error
		if leaf, err = x509.ParseCertificate(certificate.Certificate[0]); err != nil {
			return "unknown"
		}
	}
	switch key := leaf.PublicKey.(type) {
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA with %d bits", key.Size()*8)
	case *ecdsa.PublicKey:
		return key.Curve.Params().Name
	case ed25519.PublicKey:
		return "Ed25519"
	default:
		return leaf.PublicKeyAlgorithm.String()
	}
}
