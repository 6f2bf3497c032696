#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "proxy.h"

namespace synthserve::detail {

/// How a client connects: the facts that explain why it cannot.
struct Connection {
  /// The server's address, as the caller wrote it.
  std::string target;
  bool tls = false;
  /// The kind of key of the client's certificate, for example `Ed25519`. Empty: no certificate.
  std::string client_key{};
  /// The proxy between client and server. Not set: a direct connection.
  std::optional<Proxy> proxy{};
};

/// Whether gRPC says that the server's certificate was not accepted, without a reason.
bool lacks_reason(std::string_view said);

/// The message for an error that gRPC itself raised: what is wrong, what to do, and gRPC's own message.
///
/// @param said gRPC's message.
std::string connection_fault(std::string_view said, const Connection& connection);

/// The message for a deadline that passed before there was a connection.
std::string no_connection_in_time(std::string_view said, const Connection& connection);

}  // namespace synthserve::detail
