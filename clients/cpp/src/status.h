#pragma once

#include <string>
#include <string_view>

#include "connection.h"
#include "synthserve/error.h"

namespace synthserve::detail {

/// gRPC's status of a call that failed, without gRPC's types.
struct Failure {
  Code code;
  std::string message;
  /// A serialized `google.rpc.Status`, or nothing.
  std::string details{};
  std::string request_id{};
  /// Whether there was a connection to the server.
  bool connected = true;
};

/// Builds the error for a call that failed and that this client did not cancel.
///
/// @param connection How the client connects, for the message.
Error error_from(const Failure& failure, const Connection& connection);

/// The value of the header `authorization` for a token, without the byte order mark and the blanks that files may add.
///
/// @throws Error (`invalid_argument`) A header cannot hold it. The message does not repeat it.
std::string authorization(std::string_view token);

}  // namespace synthserve::detail
