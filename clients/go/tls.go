package synthserve

import (
	"crypto/tls"
	"os"
)

// LoadTLS makes the configuration for [WithTLS] from PEM files. It reads them once. When the certificate expires,
// create a new client, or pass a tls.Config that renews the certificate.
//
// The file ca contains the certificates of the trusted authorities; if ca is empty, those of the system are trusted.
// For mutual TLS, the file certificate contains the client's certificate followed by the intermediate certificates, and
// key contains its private key without a password; otherwise both are empty. A synthserve server accepts RSA, P-256 and
// P-384.
//
// It fails with codes.InvalidArgument for unusable files. errors.Is matches the error of a file that cannot be read.
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
