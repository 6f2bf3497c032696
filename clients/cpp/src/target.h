#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace synthserve::detail {

/// Refuses a text that cannot be a server's address. gRPC would try to resolve it, and then report it as unavailable.
///
/// @throws Error (`invalid_argument`) The text is not an address.
void check_target(std::string_view target);

/// Whether messages to the target stay on this machine: a Unix socket, `localhost`, or only addresses of the loopback
/// interface.
bool is_local(std::string_view target);

/// Whether it is a socket in the file system.
bool is_socket_file(std::string_view target);

/// The host of a target, as gRPC compares it with `no_proxy`: the whole target where it has several addresses.
std::string host_of(std::string_view target);

struct HostAndPort {
  std::string host;
  std::string port;
};

/// The host and port of a target with a single address; nothing for other targets. As in gRPC, the default port is 443.
std::optional<HostAndPort> host_and_port(std::string_view target);

/// ASCII letters in lower case.
std::string lower_case(std::string_view text);

}  // namespace synthserve::detail
