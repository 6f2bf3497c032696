package synthserve

import (
	"crypto/tls"
	"os"
)

// LoadTLS makes the configuration for [WithTLS] from PEM files. They are read once: a client that goes on for longer than
// its certificate is valid must be made anew, or bring a tls.Config that renews it.
//
// The file ca has the certificates of the authorities that the server's certificate may be of; empty, those of the system
// are trusted. For mutual TLS, certificate has the client's own, then those between it and its authority, and key its
// private key, without a password; both are empty otherwise. A synthserve server takes keys of RSA, P-256 and P-384.
//
// What cannot be used is refused with codes.InvalidArgument; the error of a file that cannot be read is found by errors.Is.
func LoadTLS(ca, certificate, key string) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if ca != "" {
		content, err := readPEM("ca", ca)
		if err != nil {
			return nil, err
		}
		if config.RootCAs, err = content.authorities(); err != nil {
			return nil, err
		}
	}
	if certificate == "" && key == "" {
		return config, nil
	}
	if certificate == "" {
		return nil, invalid("certificate", "is missing: it goes with the key %s", key)
	}
	if key == "" {
		return nil, invalid("key", "is missing: it goes with the certificate %s", certificate)
	}
	chain, err := readPEM("certificate", certificate)
	if err != nil {
		return nil, err
	}
	private, err := readPEM("key", key)
	if err != nil {
		return nil, err
	}
	pair, err := keyPair(chain, private)
	if err != nil {
		return nil, err
	}
	config.Certificates = []tls.Certificate{pair}
	return config, nil
}

// readPEM reads the file that an argument names.
func readPEM(argument, path string) (pemFile, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		refusal := invalid(argument, "%v", err)
		refusal.cause = err
		return pemFile{}, refusal
	}
	return parsePEM(argument, path, content)
}
