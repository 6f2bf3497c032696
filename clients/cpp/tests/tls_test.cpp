#include <synthserve/client.h>

#include <fstream>

#include "certificates.h"
#include "secured_server.h"
#include "thrown.h"

namespace synthserve {
namespace {

const RetryPolicy kNever = RetryPolicy::never();

TEST(Tls, ConnectsToAServerThatIsTrusted) {
  const auto identity = self_signed();
  const SecuredServer server(identity, nullptr);
  const Client client(server.target(), {.tls = TlsOptions{.ca = identity.certificate}, .token = "secret"});
  EXPECT_EQ(client.models().size(), 1U);
}

TEST(Tls, DoesNotConnectToOthers) {
  const SecuredServer server(self_signed(), nullptr);
  const Client client(server.target(), {.tls = TlsOptions{.ca = self_signed().certificate}, .retry = kNever});
  EXPECT_EQ(thrown_code([&] { client.models(); }), Code::unavailable);
}

TEST(Tls, ShowsItsOwnCertificate) {
  const auto identity = self_signed();
  const auto own = self_signed();
  const SecuredServer server(identity, &own);
  const Client known(server.target(),
                     {.tls = TlsOptions{.ca = identity.certificate, .certificate = own.certificate, .key = own.key}});
  EXPECT_EQ(known.models().size(), 1U);
  const Client unknown(server.target(), {.tls = TlsOptions{.ca = identity.certificate}, .retry = kNever});
  EXPECT_EQ(thrown_code([&] { unknown.models(); }), Code::unavailable);
}

TEST(Tls, RefusesWhatIsNotPem) {
  const auto identity = self_signed();
  for (const auto& tls :
       {TlsOptions{.ca = "nonsense"}, TlsOptions{.ca = identity.key}, TlsOptions{.certificate = identity.certificate},
        TlsOptions{.key = identity.key}, TlsOptions{.certificate = identity.key, .key = identity.key},
        TlsOptions{.certificate = identity.certificate, .key = identity.certificate}}) {
    EXPECT_EQ(thrown_code([&] { Client("localhost:1", {.tls = tls}); }), Code::invalid_argument);
  }
}

/// The error for options that a client cannot connect with: the field, and what is wrong with it.
std::string refused(const TlsOptions& tls) {
  const auto error = thrown([&] { Client("localhost:1", {.tls = tls}); });
  return error && error->code() == Code::invalid_argument ? error->what() : "";
}

TEST(Tls, EachRefusalHasItsReason) {
  const auto own = self_signed();
  const auto other = self_signed();
  const auto refused_pair = [](const std::string& certificate, const std::string& key) {
    return refused({.certificate = certificate, .key = key});
  };
  EXPECT_TRUE(refused({.ca = own.key}).starts_with("ca: has no certificate in PEM form"));
  EXPECT_TRUE(refused({.ca = own.certificate.substr(0, 200)}).starts_with("ca: certificate 1 in it is damaged"));
  const std::string bad = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  EXPECT_TRUE(refused({.ca = own.certificate + bad}).starts_with("ca: certificate 2 in it is damaged"));
  EXPECT_TRUE(refused({.certificate = own.certificate}).starts_with("key: is missing"));
  EXPECT_TRUE(refused({.key = own.key}).starts_with("certificate: is missing"));
  EXPECT_TRUE(refused_pair(own.certificate, other.key).starts_with("key: does not belong to the certificate"));
  EXPECT_TRUE(refused_pair(own.certificate, own.certificate).starts_with("key: has no private key"));
  EXPECT_TRUE(refused_pair(own.certificate, with_password(own.key)).starts_with("key: has a password"));
  EXPECT_TRUE(refused_pair(other.certificate + own.certificate, own.key).starts_with("certificate: is in the wrong"));
  for (const auto* kind : {"P-224", "secp256k1"}) {
    const auto odd = self_signed({.key = kind});
    EXPECT_TRUE(refused_pair(odd.certificate, odd.key).starts_with("key: is of a kind that TLS does not use"));
  }
}

TEST(Tls, AKeyThatOpenSslTakesForTooWeakIsRefused) {
  // Debian's OpenSSL is set to security level 2; at level 1 this key would do.
  const auto weak = self_signed({.key = "RSA-512"});
  EXPECT_TRUE(refused({.certificate = weak.certificate, .key = weak.key}).starts_with("certificate: is too weak"));
}

TEST(Tls, TextIsTakenAsEditorsWriteIt) {
  const auto identity = self_signed();
  const SecuredServer server(identity, &identity);
  const std::string mark = "\xEF\xBB\xBF";
  const auto with_crlf = [](std::string text) {
    for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 2) {
      text.insert(at, "\r");
    }
    return text;
  };
  const auto other = self_signed({.name = "other"}).certificate;
  const TlsOptions tls{.ca = mark + other + mark + with_crlf(identity.certificate),
                       .certificate = mark + with_crlf(identity.certificate),
                       .key = mark + with_crlf(identity.key)};
  EXPECT_EQ(Client(server.target(), {.tls = tls}).models().size(), 1U);
  for (const auto* wide : {"\xFF\xFE", "\xFE\xFF"}) {
    EXPECT_TRUE(refused({.ca = wide + identity.certificate}).starts_with("ca: is UTF-16 text"));
  }
  std::string without_mark;
  for (const char each : identity.certificate) {
    without_mark.append({each, '\0'});
  }
  EXPECT_TRUE(refused({.ca = without_mark}).starts_with("ca: is UTF-16 text"));
}

class KindsOfKeys : public testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(All, KindsOfKeys,
                         testing::Values("RSA-2048", "RSA-3072", "P-256", "P-384", "P-521", "Ed25519", "Ed448"));

TEST_P(KindsOfKeys, WhatIsAcceptedConnects) {
  const auto identity = self_signed();
  const auto own = self_signed({.key = GetParam()});
  const SecuredServer server(identity, &own);
  const TlsOptions tls{.ca = identity.certificate, .certificate = own.certificate, .key = own.key};
  EXPECT_EQ(Client(server.target(), {.tls = tls}).models().size(), 1U);
}

TEST(Tls, AnEmptyFileIsNotTheAbsenceOfOne) {
  const auto file = std::filesystem::path(testing::TempDir()) / "empty.pem";
  std::ofstream(file).flush();
  const auto error = thrown([&] { TlsOptions::from_files(file); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->details().fields.at(0).field, "ca");
  EXPECT_THROW(TlsOptions::from_files(testing::TempDir()), std::filesystem::filesystem_error);
  std::filesystem::remove(file);
}

TEST(Tls, AFileThatIsNotThereIsTold) {
  EXPECT_THROW(TlsOptions::from_files("there/is/no.pem"), std::filesystem::filesystem_error);
}

}  // namespace
}  // namespace synthserve
