#include <synthserve/client.h>

#include "certificates.h"
#include "fake_server.h"
#include "thrown.h"

namespace synthserve {
namespace {

/// A server with a certificate that wants one of its clients too, unless that is `nullptr`.
class SecuredServer : public FakeServer {
 public:
  SecuredServer(const Identity& server, const Identity* client) : FakeServer(credentials(server, client)) {
    on_list = [](auto&, auto&, auto& response) {
      response.add_models()->set_version(kVersion);
      return grpc::Status::OK;
    };
  }

 private:
  static std::shared_ptr<grpc::ServerCredentials> credentials(const Identity& server, const Identity* client) {
    grpc::SslServerCredentialsOptions options;
    options.pem_key_cert_pairs.push_back({server.key, server.certificate});
    if (client != nullptr) {
      options.pem_root_certs = client->certificate;
      options.client_certificate_request = GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY;
    }
    return grpc::SslServerCredentials(options);
  }
};

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

TEST(Tls, AFileThatIsNotThereIsTold) {
  EXPECT_THROW(TlsOptions::from_files("there/is/no.pem"), std::filesystem::filesystem_error);
}

}  // namespace
}  // namespace synthserve
