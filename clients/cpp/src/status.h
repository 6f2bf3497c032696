#pragma once

#include <string>
#include <string_view>

#include "connection.h"
#include "synthserve/error.h"

namespace synthserve::detail {

/// What gRPC says of a call that failed, without gRPC's types.
struct Failure {
  Code code;
  std::string message;
  /// A serialized `google.rpc.Status`, or nothing.
  std::string details{};
  std::string request_id{};
  /// Whether there was a connection to the server.
  bool connected = true;
};

/// Builds the error for a call that failed and that nobody here has cancelled.
///
/// @param connection How the server was to be reached, for the message.
Error error_from(const Failure& failure, const Connection& connection);

/// The value of the header `authorization` for a token: without a byte order mark before it and blanks around it, as
/// files have them.
///
/// @throws Error (`invalid_argument`) A header cannot hold it. The message does not repeat it.
std::string authorization(std::string_view token);

}  // namespace synthserve::detail
