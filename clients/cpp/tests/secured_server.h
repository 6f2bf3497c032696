#pragma once

#include "certificates.h"
#include "fake_server.h"

namespace synthserve {

/// A TLS server with one model. It requires client certificates, unless their authority is `nullptr`.
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

}  // namespace synthserve
