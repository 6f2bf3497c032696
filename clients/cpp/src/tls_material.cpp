#include "tls_material.h"

#include <openssl/pem.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "faults.h"
#include "openssl.h"
#include "text.h"

namespace synthserve::detail {

namespace {

/// The text without byte order marks. Joined files may contain several.
std::string pem_text(const std::string& field, std::string text) {
  if (is_utf16(text)) {
    throw invalid(field, "is UTF-16 text: save it as ASCII or UTF-8");
  }
  for (auto at = text.find(kByteOrderMark); at != std::string::npos; at = text.find(kByteOrderMark, at)) {
    text.erase(at, kByteOrderMark.size());
  }
  return text;
}

std::vector<openssl::Certificate> certificates_in(const std::string& field, const std::string& text) {
  std::vector<openssl::Certificate> found;
  const auto reader = openssl::reader_of(text);
  while (auto* certificate = PEM_read_bio_X509_AUX(reader.get(), nullptr, nullptr, nullptr)) {
    found.emplace_back(certificate);
  }
  // gRPC would stop here as well, and ignore the rest.
  if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) {
    throw invalid(field, "certificate " + std::to_string(found.size() + 1) + " in it is damaged");
  }
  if (found.empty()) {
    throw invalid(field, "has no certificate in PEM form (-----BEGIN CERTIFICATE-----)");
  }
  return found;
}

/// Called for a key with a password, so that OpenSSL does not prompt for it on the terminal.
int note_password(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

openssl::Key key_in(const std::string& text) {
  bool has_password = false;
  openssl::Key key(PEM_read_bio_PrivateKey(openssl::reader_of(text).get(), nullptr, note_password, &has_password));
  if (has_password) {
    throw invalid("key", "has a password: give it without one, as `openssl pkey` writes it");
  }
  if (!key) {
    throw invalid("key", "has no private key in PEM form (-----BEGIN PRIVATE KEY-----), or a damaged one");
  }
  return key;
}

/// The common name of the kind of a key; empty if TLS cannot use it.
std::string kind_of(const EVP_PKEY& key) {
  switch (EVP_PKEY_get_base_id(&key)) {
    case EVP_PKEY_RSA:
    case EVP_PKEY_RSA_PSS:
      return "RSA";
    case EVP_PKEY_ED25519:
      return "Ed25519";
    case EVP_PKEY_ED448:
      return "Ed448";
    case EVP_PKEY_EC:
      break;
    default:
      return {};
  }
  std::array<char, 80> group{};
  EVP_PKEY_get_group_name(&key, group.data(), group.size(), nullptr);
  const std::string_view name = group.data();
  return name == "prime256v1" ? "P-256" : name == "secp384r1" ? "P-384" : name == "secp521r1" ? "P-521" : "";
}

void check_belongs(const EVP_PKEY& key, const std::vector<openssl::Certificate>& chain) {
  const auto owner = std::ranges::find_if(
      chain, [&](const auto& certificate) { return X509_check_private_key(certificate.get(), &key) == 1; });
  if (owner == chain.end()) {
    throw invalid("key", "does not belong to the certificate: give the key that the certificate was made for");
  }
  if (owner != chain.begin()) {
    throw invalid("certificate",
                  "is in the wrong order: the certificate of the key comes first, then that of its "
                  "issuer");
  }
}

/// Whether OpenSSL accepts it at its configured security level.
bool is_strong_enough(X509* certificate) {
  const openssl::Context context(SSL_CTX_new(TLS_method()));
  return context && SSL_CTX_use_certificate(context.get(), certificate) == 1;
}

}  // namespace

TlsMaterial checked(const TlsOptions& options) {
  const openssl::OwnErrors own;
  TlsMaterial material{.pem = {.ca = pem_text("ca", options.ca),
                               .certificate = pem_text("certificate", options.certificate),
                               .key = pem_text("key", options.key)},
                       .key_kind = {}};
  const auto& pem = material.pem;
  if (!pem.ca.empty()) {
    certificates_in("ca", pem.ca);
  }
  if (pem.certificate.empty() && pem.key.empty()) {
    return material;
  }
  if (pem.certificate.empty() || pem.key.empty()) {
    throw invalid(pem.key.empty() ? "key" : "certificate", "is missing: certificate and key go together");
  }
  const auto chain = certificates_in("certificate", pem.certificate);
  const auto key = key_in(pem.key);
  material.key_kind = kind_of(*key);
  if (material.key_kind.empty()) {
    throw invalid("key", "is of a kind that TLS does not use: make an RSA, P-256 or P-384 key");
  }
  check_belongs(*key, chain);
  if (!is_strong_enough(chain.front().get())) {
    throw invalid("certificate", "is too weak: RSA keys need 2048 bits, signatures SHA-256");
  }
  return material;
}

}  // namespace synthserve::detail
