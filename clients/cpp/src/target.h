#pragma once

#include <string_view>

namespace synthserve::detail {

/// Refuses what cannot be a server's address; gRPC would try to find it first, and then say that it is unavailable.
///
/// @throws Error (`invalid_argument`) It cannot.
void check_target(std::string_view target);

/// Whether what is sent there stays on this machine.
bool is_local(std::string_view target);

}  // namespace synthserve::detail
