package synthserve

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
)

// LoadTLS makes the configuration for [WithTLS] from PEM files. They are read once: a client that goes on for longer than
// its certificate is valid must be made anew, or bring a tls.Config that renews it.
//
// The file ca has the certificates of the authorities that the server's certificate may be of; empty, those of the system
// are trusted. For mutual TLS, certificate has the client's own and those between it and its authority, and key its
// private key, without a password; both are empty otherwise.
func LoadTLS(ca, certificate, key string) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if ca != "" {
		content, err := os.ReadFile(ca)
		if err != nil {
			return nil, fmt.Errorf("synthserve: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(content) {
			return nil, fmt.Errorf("synthserve: %s has no PEM certificate", ca)
		}
	}
	if (certificate == "") != (key == "") {
		return nil, errors.New("synthserve: certificate and key go together")
	}
	if certificate != "" {
		pair, err := tls.LoadX509KeyPair(certificate, key)
		if err != nil {
			return nil, fmt.Errorf("synthserve: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}
