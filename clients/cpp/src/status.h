#pragma once

#include <string>
#include <string_view>

#include "synthserve/error.h"

namespace synthserve::detail {

/// What gRPC says of a call that failed, without gRPC's types.
struct Failure {
  Code code;
  std::string message;
  /// A serialized `google.rpc.Status`, or nothing.
  std::string details{};
  std::string request_id{};
};

/// Builds the error for a call that failed and that nobody here has cancelled.
///
/// @param target The server's address, for the message.
Error error_from(const Failure& failure, const std::string& target);

/// The value of the header `authorization` for a token.
///
/// @throws Error (`invalid_argument`) A header cannot hold it. The message does not repeat it.
std::string authorization(std::string_view token);

}  // namespace synthserve::detail
