#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace synthserve::detail {

/// Refuses what cannot be a server's address; gRPC would try to find it first, and then say that it is unavailable.
///
/// @throws Error (`invalid_argument`) It cannot.
void check_target(std::string_view target);

/// Whether what is sent there stays on this machine: a Unix socket, `localhost` or addresses of the loopback interface
/// only.
bool is_local(std::string_view target);

/// Whether it is a socket in the file system.
bool is_socket_file(std::string_view target);

/// The host of a target, as gRPC compares it with `no_proxy`: all of it where it is several addresses.
std::string host_of(std::string_view target);

struct HostAndPort {
  std::string host;
  std::string port;
};

/// The parts of a target that is a single address; nothing of others. Without a port it is that of HTTPS, as for gRPC.
std::optional<HostAndPort> host_and_port(std::string_view target);

/// ASCII letters in lower case.
std::string lower_case(std::string_view text);

}  // namespace synthserve::detail
