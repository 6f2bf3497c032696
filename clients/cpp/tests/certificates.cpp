#include "certificates.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>
#include <stdexcept>

namespace synthserve {

namespace {

template <auto Free>
struct Freed {
  template <typename Object>
  void operator()(Object* object) const {
    Free(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION_free>>;
using Memory = std::unique_ptr<BIO, Freed<BIO_free>>;

void require(bool done) {
  if (!done) {
    throw std::runtime_error("cannot make a certificate");
  }
}

template <typename Write>
std::string written(Write write) {
  const Memory memory(BIO_new(BIO_s_mem()));
  require(write(memory.get()) == 1);
  char* bytes = nullptr;
  const auto size = BIO_get_mem_data(memory.get(), &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

Key new_key(const std::string& kind) {
  const std::string rsa = "RSA-";
  if (kind.starts_with(rsa)) {
    return Key(EVP_RSA_gen(static_cast<unsigned>(std::stoi(kind.substr(rsa.size())))));
  }
  return Key(kind.starts_with("Ed") ? EVP_PKEY_Q_keygen(nullptr, nullptr, kind.c_str())
                                    : EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", kind.c_str()));
}

Key read_key(const std::string& text) {
  const Memory memory(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  return Key(PEM_read_bio_PrivateKey(memory.get(), nullptr, nullptr, nullptr));
}

std::string written_key(EVP_PKEY* key, const char* password) {
  return written([&](BIO* out) {
    return PEM_write_bio_PKCS8PrivateKey(out, key, password != nullptr ? EVP_aes_128_cbc() : nullptr, password,
                                         password != nullptr ? 4 : 0, nullptr, nullptr);
  });
}

void add_extension(X509* x509, int kind, const std::string& value) {
  const Extension extension(X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str()));
  require(extension && X509_add_ext(x509, extension.get(), -1) == 1);
}

/// @param authority Null: the new identity is its own authority.
Identity identity(const Subject& subject, const Identity* authority) {
  const Key key = new_key(subject.key);
  const Certificate certificate(X509_new());
  require(key && certificate);
  auto* x509 = certificate.get();
  X509_set_version(x509, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
  X509_gmtime_adj(X509_getm_notBefore(x509), subject.begins);
  X509_gmtime_adj(X509_getm_notAfter(x509), subject.ends);
  X509_set_pubkey(x509, key.get());
  auto* name = X509_get_subject_name(x509);
  const auto* const common = reinterpret_cast<const unsigned char*>(subject.name.c_str());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common, -1, -1, 0);
  add_extension(x509, NID_subject_alt_name, "DNS:" + subject.name);
  if (authority != nullptr) {
    const Memory memory(BIO_new_mem_buf(authority->certificate.data(), -1));
    const Certificate issuer(PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr));
    require(issuer != nullptr);
    X509_set_issuer_name(x509, X509_get_subject_name(issuer.get()));
  } else {
    X509_set_issuer_name(x509, name);
    add_extension(x509, NID_basic_constraints, "critical,CA:TRUE");
  }
  const Key signer = authority != nullptr ? read_key(authority->key) : read_key(written_key(key.get(), nullptr));
  const bool is_edwards = EVP_PKEY_is_a(signer.get(), "ED25519") == 1 || EVP_PKEY_is_a(signer.get(), "ED448") == 1;
  require(X509_sign(x509, signer.get(), is_edwards ? nullptr : EVP_sha256()) > 0);
  return {.certificate = written([&](BIO* out) { return PEM_write_bio_X509(out, x509); }),
          .key = written_key(key.get(), nullptr)};
}

}  // namespace

Identity self_signed(const Subject& subject) {
  return identity(subject, nullptr);
}

Identity issued_by(const Identity& authority, const Subject& subject) {
  return identity(subject, &authority);
}

std::string with_password(const std::string& key) {
  return written_key(read_key(key).get(), "word");
}

}  // namespace synthserve
