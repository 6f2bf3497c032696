package synthserve

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
)

type testKey struct {
	key      crypto.Signer
	cLibrary bool // servers of gRPC's C library take it
}

// keyKinds are the kinds of keys that package tls works with.
func keyKinds(t *testing.T) map[string]testKey {
	t.Helper()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]testKey{
		"RSA with 2048 bits": {rsaKey, true},
		"P-256":              {ecdsaKey(t, elliptic.P256()), true},
		"P-384":              {ecdsaKey(t, elliptic.P384()), true},
		"P-521":              {ecdsaKey(t, elliptic.P521()), false},
		"Ed25519":            {edKey, false},
	}
}

// Both sides have a key of the kind, and connect.
func TestKindsOfKeys(t *testing.T) {
	ca := newAuthority(t)
	for name, kind := range keyKinds(t) {
		t.Run(name, func(t *testing.T) {
			certificate, key := ca.issueFor(t, kind.key, localhost())
			config := loaded(t, ca.file, certificate, key)
			server := mutualTLS(t, ca)
			server.Certificates = config.Certificates
			listener := listen(t, "tcp", "127.0.0.1:0")
			serveModels(t, listener, server)
			if err := failureOf(t, byName(t, listener), config); err != nil {
				t.Error(err)
			}
		})
	}
}

func save(t *testing.T, content ...[]byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "file.pem")
	if err := os.WriteFile(file, bytes.Join(content, nil), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func crlf(content []byte) []byte { return bytes.ReplaceAll(content, []byte("\n"), []byte("\r\n")) }

func utf16(content []byte) []byte {
	wide := []byte{0xff, 0xfe}
	for _, b := range content {
		wide = append(wide, b, 0)
	}
	return wide
}

func TestPEMAsEditorsWriteIt(t *testing.T) {
	mark := []byte(byteOrderMark)
	ca, other := newAuthority(t), newAuthority(t)
	key := ecdsaKey(t, elliptic.P256())
	certificateFile, keyFile := ca.issueFor(t, key, localhost())
	target := serveTLS(t, ca, generators())
	authority, another, certificate, private := read(t, ca.file), read(t, other.file), read(t, certificateFile), read(t, keyFile)
	sec1, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	older := pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: sec1})
	parameters := pem.EncodeToMemory(&pem.Block{Type: "EC PARAMETERS", Bytes: []byte{6, 0}})
	for name, files := range map[string][3][]byte{
		"as tools do":                   {authority, certificate, private},
		"byte order marks":              {slices.Concat(mark, authority), slices.Concat(mark, certificate), slices.Concat(mark, private)},
		"CRLF":                          {crlf(authority), crlf(certificate), crlf(private)},
		"byte order marks and CRLF":     {slices.Concat(mark, crlf(authority)), slices.Concat(mark, crlf(certificate)), slices.Concat(mark, crlf(private))},
		"blanks at the ends":            {slices.Concat(authority, []byte(" \t\n\n")), slices.Concat(certificate, []byte(" \n")), slices.Concat(private, []byte("\n \n"))},
		"text before":                   {slices.Concat([]byte("# ours\n"), authority), certificate, private},
		"files with marks, joined":      {slices.Concat(mark, another, mark, authority), certificate, private},
		"an authority twice":            {slices.Concat(authority, authority), certificate, private},
		"beside an unused certificate":  {slices.Concat(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")}), authority), certificate, private},
		"with its authority":            {authority, slices.Concat(certificate, authority), private},
		"an older form":                 {authority, certificate, older},
		"an older form, with its curve": {authority, certificate, slices.Concat(parameters, older)},
		"an older form, named wrongly":  {authority, certificate, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: sec1})},
		"all in one":                    {authority, slices.Concat(private, certificate), slices.Concat(certificate, private)},
	} {
		t.Run(name, func(t *testing.T) {
			config := loaded(t, save(t, files[0]), save(t, files[1]), save(t, files[2]))
			if err := failureOf(t, target, config); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestFilesThatAreRefused(t *testing.T) {
	ca, between := newAuthority(t), newAuthority(t)
	key := ecdsaKey(t, elliptic.P256())
	certificate, keyFile := ca.issueFor(t, key, localhost())
	_, otherKey := newAuthority(t).issue(t)
	_, edKey := ca.issueFor(t, keyKinds(t)["Ed25519"].key, localhost())
	weak, weakKey := ca.issueFor(t, ecdsaKey(t, elliptic.P224()), localhost())
	block, _ := pem.Decode(read(t, certificate))
	reversed := save(t, read(t, between.file), read(t, certificate))
	joined := save(t, bytes.TrimSpace(read(t, certificate)), read(t, between.file))
	locked := save(t, pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: []byte("x")}))
	lockedBefore := save(t, pem.EncodeToMemory(&pem.Block{
		Type: "EC PRIVATE KEY", Bytes: []byte("x"),
		Headers: map[string]string{"Proc-Type": "4,ENCRYPTED", "DEK-Info": "AES-128-CBC,00"},
	}))
	garbage := save(t, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")}))
	garbageKey := save(t, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("x")}))
	missing, folder := filepath.Join(t.TempDir(), "missing.pem"), t.TempDir()
	for name, c := range map[string]struct {
		ca, certificate, key string
		field, want          string
	}{
		"no such authority":         {missing, "", "", "ca", "no such file"},
		"a folder":                  {folder, "", "", "ca", "is a directory"},
		"a key for an authority":    {keyFile, "", "", "ca", " has no PEM certificate, but PRIVATE KEY"},
		"an empty authority":        {save(t), "", "", "ca", " has no PEM certificate"},
		"an authority in DER":       {save(t, block.Bytes), "", "", "ca", " is in DER"},
		"an authority in UTF-16":    {save(t, utf16(read(t, ca.file))), "", "", "ca", " is no text in UTF-8; if it is in UTF-16, save it in UTF-8"},
		"authorities in one line":   {joined, "", "", "ca", " has 2 PEM blocks, of which "},
		"half an authority":         {save(t, read(t, ca.file)[:200]), "", "", "ca", " has 1 PEM blocks, of which 0 can be read"},
		"no authority inside":       {garbage, "", "", "ca", " has no certificate that can be read: x509: "},
		"only a certificate":        {"", certificate, "", "key", "is missing: it goes with the certificate " + certificate},
		"only a key":                {"", "", keyFile, "certificate", "is missing: it goes with the key " + keyFile},
		"no such certificate":       {"", missing, keyFile, "certificate", "no such file"},
		"no such key":               {"", certificate, missing, "key", "no such file"},
		"another key":               {"", certificate, otherKey, "key", " is not the key of the certificate " + certificate},
		"another kind of key":       {"", certificate, edKey, "key", " is not the key of the certificate " + certificate},
		"the wrong order":           {"", reversed, keyFile, "certificate", " is in the wrong order: the certificate of the key must come first"},
		"swapped":                   {"", keyFile, certificate, "certificate", " has no PEM certificate, but PRIVATE KEY"},
		"a certificate for a key":   {"", certificate, certificate, "key", " has no PEM private key, but CERTIFICATE"},
		"a certificate in UTF-16":   {"", save(t, utf16(read(t, certificate))), keyFile, "certificate", " is no text in UTF-8"},
		"a key in UTF-16":           {"", certificate, save(t, utf16(read(t, keyFile))), "key", " is no text in UTF-8"},
		"a password":                {"", certificate, locked, "key", " has a password: write the key without one"},
		"a password, in older form": {"", certificate, lockedBefore, "key", " has a password: write the key without one"},
		"no certificate inside":     {"", garbage, keyFile, "certificate", " has a certificate that cannot be read: x509: "},
		"no key inside":             {"", certificate, garbageKey, "key", " has a key that cannot be used: "},
		"a kind that TLS lacks":     {"", weak, weakKey, "certificate", " has a key of a kind that TLS does not take: P-224"},
	} {
		t.Run(name, func(t *testing.T) {
			config, err := LoadTLS(c.ca, c.certificate, c.key)
			failure, ok := errors.AsType[*Error](err)
			if !ok || config != nil || failure.Code != codes.InvalidArgument || failure.FieldViolations[0].Field != c.field {
				t.Fatalf("got %v, %v", config, err)
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v; want %s", err, c.want)
			}
			if errors.Is(err, fs.ErrNotExist) != strings.Contains(name, "no such") {
				t.Errorf("the file: %v", err)
			}
		})
	}
}
