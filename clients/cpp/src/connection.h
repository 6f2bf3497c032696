#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "proxy.h"

namespace synthserve::detail {

/// How a client connects, as far as it matters for why it cannot.
struct Connection {
  /// The server's address, as the caller wrote it.
  std::string target;
  bool tls = false;
  /// The kind of key of the client's certificate, for example `Ed25519`. Empty: there is no certificate.
  std::string client_key{};
  /// What lies between. Not set: nothing.
  std::optional<Proxy> proxy{};
};

/// Whether gRPC says that the server's certificate was not accepted, and leaves out why.
bool lacks_reason(std::string_view said);

/// What to tell of an error that gRPC itself gave: what is wrong, what to do, and gRPC's own words.
///
/// @param said gRPC's words.
std::string connection_fault(std::string_view said, const Connection& connection);

/// What to tell where the time ran out before there was a connection.
std::string no_connection_in_time(std::string_view said, const Connection& connection);

}  // namespace synthserve::detail
