#include "caller.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <utility>

#include "faults.h"
#include "process.h"
#include "proxy.h"
#include "status.h"
#include "target.h"
#include "tls_material.h"
#include "verification.h"

namespace synthserve::detail {

namespace {

constexpr int kMostMessageBytes = 64 * 1024 * 1024;
/// How long to look for the reason of an error that has already occurred.
constexpr std::chrono::seconds kPatience{2};

std::shared_ptr<grpc::ChannelCredentials> credentials(const std::optional<TlsOptions>& tls) {
  return tls ? grpc::SslCredentials(
                   {.pem_root_certs = tls->ca, .pem_private_key = tls->key, .pem_cert_chain = tls->certificate})
             : grpc::InsecureChannelCredentials();
}

/// @param direct Whether to bypass the proxy of the environment: calls to this machine must not leave it, and a proxy
///     must not read a token in plain text.
grpc::ChannelArguments arguments(bool direct) {
  grpc::ChannelArguments arguments;
  arguments.SetUserAgentPrefix("synthserve-cpp/" SYNTHSERVE_VERSION);
  arguments.SetMaxReceiveMessageSize(kMostMessageBytes);
  // A broken stream goes on as soon as a server is back, not after gRPC's backoff of up to two minutes.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2000);
  // Finds a peer that vanished. Servers by default close connections that ping more than once in five minutes.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 330'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000);
  if (direct) {
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  }
  return arguments;
}

/// @throws Error (`invalid_argument`) The function is empty, or the token would be sent in plain text.
void check_token(const ClientOptions& options, const std::string& target) {
  if (!options.token) {
    return;
  }
  if (const auto* fixed = std::get_if<std::string>(&*options.token)) {
    authorization(*fixed);
  } else if (!std::get<std::function<std::string()>>(*options.token)) {
    throw invalid("token", "the function is empty");
  }
  if (!options.tls && !options.insecure_token && !is_local(target)) {
    throw invalid("token", "would be sent to " + target +
                               " in plain text; connect over TLS, or set insecure_token where something else secures "
                               "the connection");
  }
}

}  // namespace

Caller::Caller(std::string target, ClientOptions options)
    : connection_{.target = std::move(target)}, options_(std::move(options)) {
  check_target(connection_.target);
  check(options_.retry);
  check_token(options_, connection_.target);
  if (options_.tls) {
    auto material = checked(*options_.tls);
    options_.tls = std::move(material.pem);
    connection_.tls = true;
    connection_.client_key = std::move(material.key_kind);
  }
  const bool direct = is_local(connection_.target) || (options_.token && !options_.tls);
  if (!direct) {
    connection_.proxy = proxy_for(connection_.target, process_environment);
  }
  check_process();
  channel_ = grpc::CreateCustomChannel(connection_.target, credentials(options_.tls), arguments(direct));
  if (channel_->GetState(false) != GRPC_CHANNEL_IDLE) {
    // It never connects.
    throw invalid("target", "gRPC does not accept '" + connection_.target + "' as an address");
  }
  generation_ = v1::GenerationService::NewStub(channel_);
  models_ = v1::ModelService::NewStub(channel_);
}

Caller::~Caller() {
  if (is_forked()) {
    // The stubs hold the channel, whose connections are the parent's.
    static_cast<void>(generation_.release());
    static_cast<void>(models_.release());
  }
}

void Caller::prepare(grpc::ClientContext& context, const Deadline& deadline) const {
  check_process();
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
                  .details = status.error_details(),
                  .connected = channel_->GetState(false) == GRPC_CHANNEL_READY};
  const auto& trailers = context.GetServerTrailingMetadata();
  if (const auto found = trailers.find("x-request-id"); found != trailers.end()) {
    failure.request_id.assign(found->second.data(), found->second.size());
  }
  if (options_.tls && !connection_.proxy && lacks_reason(failure.message)) {
    const auto patience =
        std::min<std::chrono::nanoseconds>(kPatience, context.deadline() - std::chrono::system_clock::now());
    if (const auto reason = verification_failure(connection_.target, options_.tls->ca, patience)) {
      failure.message += ": " + *reason;
    }
  }
  return error_from(failure, connection_);
}

double Caller::shortening() {
  thread_local std::minstd_rand random{std::random_device{}()};
  return std::uniform_real_distribution<double>(0, 1)(random);
}

}  // namespace synthserve::detail
