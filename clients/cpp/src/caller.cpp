#include "caller.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <chrono>
#include <random>
#include <utility>

#include "faults.h"
#include "status.h"
#include "target.h"

namespace synthserve::detail {

namespace {

constexpr int kMostMessageBytes = 64 * 1024 * 1024;

// gRPC would take anything, and fail at each connection without saying why.
void require_pem(const std::string& field, const std::string& text, const std::string& label) {
  if (text.find(label + "-----") == std::string::npos) {
    throw invalid(field, "is not in PEM form, or holds something else");
  }
}

std::shared_ptr<grpc::ChannelCredentials> credentials(const std::optional<TlsOptions>& tls) {
  if (!tls) {
    return grpc::InsecureChannelCredentials();
  }
  if (tls->certificate.empty() != tls->key.empty()) {
    throw invalid("certificate", "certificate and key go together");
  }
  if (!tls->ca.empty()) {
    require_pem("ca", tls->ca, "-----BEGIN CERTIFICATE");
  }
  if (!tls->certificate.empty()) {
    require_pem("certificate", tls->certificate, "-----BEGIN CERTIFICATE");
    require_pem("key", tls->key, "PRIVATE KEY");
  }
  return grpc::SslCredentials(
      {.pem_root_certs = tls->ca, .pem_private_key = tls->key, .pem_cert_chain = tls->certificate});
}

grpc::ChannelArguments arguments(bool local) {
  grpc::ChannelArguments arguments;
  arguments.SetUserAgentPrefix("synthserve-cpp/" SYNTHSERVE_VERSION);
  arguments.SetMaxReceiveMessageSize(kMostMessageBytes);
  // A broken stream goes on as soon as a server is back, not after gRPC's backoff of up to two minutes.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2000);
  // Finds a peer that vanished. Servers by default close connections that ping more than once in five minutes.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 330'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000);
  if (local) {
    // What is meant for this machine, a token perhaps, must not go through a proxy of the environment.
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  }
  return arguments;
}

}  // namespace

Caller::Caller(std::string target, ClientOptions options) : target_(std::move(target)), options_(std::move(options)) {
  check_target(target_);
  check(options_.retry);
  const bool local = is_local(target_);
  if (options_.token && !options_.tls && !options_.insecure_token && !local) {
    throw invalid("token", "would be sent to " + target_ +
                               " in plain text; connect over TLS, or set insecure_token where something else secures "
                               "the connection");
  }
  const auto channel = grpc::CreateCustomChannel(target_, credentials(options_.tls), arguments(local));
  generation_ = v1::GenerationService::NewStub(channel);
  models_ = v1::ModelService::NewStub(channel);
}

void Caller::prepare(grpc::ClientContext& context, const Deadline& deadline) const {
  if (options_.token) {
    const auto* fixed = std::get_if<std::string>(&*options_.token);
    context.AddMetadata(
        "authorization",
        authorization(fixed != nullptr ? *fixed : std::get<std::function<std::string()>>(*options_.token)()));
  }
  if (const auto left = deadline.left()) {
    context.set_deadline(std::chrono::system_clock::now() + *left);
  }
}

Error Caller::error(const grpc::Status& status, const grpc::ClientContext& context) const {
  Failure failure{.code = static_cast<Code>(status.error_code()),
                  .message = status.error_message(),
                  .details = status.error_details()};
  const auto& trailers = context.GetServerTrailingMetadata();
  if (const auto found = trailers.find("x-request-id"); found != trailers.end()) {
    failure.request_id.assign(found->second.data(), found->second.size());
  }
  return error_from(failure, target_);
}

double Caller::shortening() {
  thread_local std::minstd_rand random{std::random_device{}()};
  return std::uniform_real_distribution<double>(0, 1)(random);
}

}  // namespace synthserve::detail
