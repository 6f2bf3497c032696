package synthserve

import (
	"bytes"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"slices"
	"strings"
)

// pemFile is the content of a PEM file that an argument names.
type pemFile struct {
	argument, path string
	blocks         []*pem.Block
}

// parsePEM reads PEM as editors and tools write it: with byte order marks and any line ends.
func parsePEM(argument, path string, content []byte) (pemFile, error) {
	file := pemFile{argument: argument, path: path}
	if bytes.HasPrefix(content, []byte{0x30, 0x82}) || bytes.HasPrefix(content, []byte{0x30, 0x81}) {
		return file, file.refuse("is in DER: convert it to PEM, for example with openssl")
	}
	if bytes.IndexByte(content, 0) >= 0 {
		return file, file.refuse("is no text in UTF-8; if it is in UTF-16, save it in UTF-8")
	}
	content = bytes.ReplaceAll(content, []byte(byteOrderMark), nil)
	begun := bytes.Count(content, []byte("-----BEGIN "))
	for block, rest := pem.Decode(content); block != nil; block, rest = pem.Decode(rest) {
		file.blocks = append(file.blocks, block)
	}
	if len(file.blocks) != begun {
		return file, file.refuse("has %d PEM blocks, of which %d can be read: each begins and ends with a line of its own",
			begun, len(file.blocks))
	}
	return file, nil
}

// refuse returns the error for a file that cannot be used.
func (f pemFile) refuse(format string, args ...any) *Error {
	return invalid(f.argument, f.path+" "+format, args...)
}

// certificates returns the certificates in order, with nil for each that cannot be parsed, and the parse error.
func (f pemFile) certificates() (certificates []*x509.Certificate, err error) {
	for _, block := range f.blocks {
		if block.Type == "CERTIFICATE" {
			certificate, failure := x509.ParseCertificate(block.Bytes)
			if failure != nil {
				err = failure
			}
			certificates = append(certificates, certificate)
		}
	}
	return certificates, err
}

// missing returns the error for a file that lacks the expected blocks.
func (f pemFile) missing(what string) *Error {
	if len(f.blocks) == 0 {
		return f.refuse("has no PEM %s", what)
	}
	var types []string
	for _, block := range f.blocks {
		types = append(types, block.Type)
	}
	return f.refuse("has no PEM %s, but %s", what, strings.Join(slices.Compact(types), ", "))
}

// authorities returns the certificates to trust. A bundle can contain certificates that cannot be parsed; one valid
// certificate is enough.
func (f pemFile) authorities() (*x509.CertPool, error) {
	certificates, err := f.certificates()
	if len(certificates) == 0 {
		return nil, f.missing("certificate")
	}
	pool := x509.NewCertPool()
	for _, certificate := range certificates {
		if certificate != nil {
			pool.AddCert(certificate)
		}
	}
	if pool.Equal(x509.NewCertPool()) {
		return nil, f.refuse("has no certificate that can be read: %v", err)
	}
	return pool, nil
}

// privateKey returns the first private key.
func (f pemFile) privateKey() (crypto.Signer, error) {
	for _, block := range f.blocks {
		if block.Type == "ENCRYPTED PRIVATE KEY" || strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED") {
			return nil, f.refuse("has a password: write the key without one, for example with openssl pkey")
		}
		if block.Type != "PRIVATE KEY" && !strings.HasSuffix(block.Type, " PRIVATE KEY") {
			continue
		}
		key, err := parseKey(block)
		if err != nil {
			return nil, f.refuse("has a key that cannot be used: %v", err)
		}
		signer, signs := key.(crypto.Signer)
		if !signs {
			return nil, f.refuse("has a key that cannot be used: %T does not sign", key)
		}
		return signer, nil
	}
	return nil, f.missing("private key")
}

// parseKey reads a key in the format that its block names, then in any other format: old tools use wrong names.
func parseKey(block *pem.Block) (any, error) {
	pkcs1 := func(der []byte) (any, error) { return x509.ParsePKCS1PrivateKey(der) }
	sec1 := func(der []byte) (any, error) { return x509.ParseECPrivateKey(der) }
	forms := []func([]byte) (any, error){x509.ParsePKCS8PrivateKey, pkcs1, sec1}
	switch block.Type {
	case "RSA PRIVATE KEY":
		forms[0], forms[1] = forms[1], forms[0]
	case "EC PRIVATE KEY":
		forms[0], forms[2] = forms[2], forms[0]
	}
	var reason error
	for _, parse := range forms {
		key, err := parse(block.Bytes)
		if err == nil {
			return key, nil
		}
		if reason == nil {
			reason = err
		}
	}
	return nil, reason
}

// keyPair returns a client's certificate with its key. It fails if package tls could not use them together.
func keyPair(chain, private pemFile) (tls.Certificate, error) {
	certificates, err := chain.certificates()
	if len(certificates) == 0 {
		return tls.Certificate{}, chain.missing("certificate")
	}
	if err != nil {
		return tls.Certificate{}, chain.refuse("has a certificate that cannot be read: %v", err)
	}
	key, err := private.privateKey()
	if err != nil {
		return tls.Certificate{}, err
	}
	public, _ := key.Public().(interface{ Equal(crypto.PublicKey) bool })
	switch slices.IndexFunc(certificates, func(c *x509.Certificate) bool { return public.Equal(c.PublicKey) }) {
	case -1:
		return tls.Certificate{}, private.refuse("is not the key of the certificate %s", chain.path)
	case 0:
	default:
		return tls.Certificate{}, chain.refuse("is in the wrong order: the certificate of the key must come first")
	}
	pair := tls.Certificate{PrivateKey: key, Leaf: certificates[0]}
	for _, certificate := range certificates {
		pair.Certificate = append(pair.Certificate, certificate.Raw)
	}
	everything := tls.CertificateRequestInfo{Version: tls.VersionTLS13, SignatureSchemes: []tls.SignatureScheme{
		tls.PSSWithSHA256, tls.Ed25519,
		tls.ECDSAWithP256AndSHA256, tls.ECDSAWithP384AndSHA384, tls.ECDSAWithP521AndSHA512,
	}}
	if err := everything.SupportsCertificate(&pair); err != nil {
		return tls.Certificate{}, chain.refuse("has a key of a kind that TLS does not take: %s", keyKind(&pair))
	}
	return pair, nil
}
