#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace synthserve::detail {

/// A proxy that gRPC finds in the environment.
struct Proxy {
  /// `http://HOST:PORT`, without a user and a password.
  std::string url;
  /// The variable that names it.
  std::string variable;

  bool operator==(const Proxy&) const = default;
};

/// Gives the value of an environment variable; nothing where it is not set.
using Environment = std::function<std::optional<std::string>(const char* name)>;

/// The environment of this process.
std::optional<std::string> process_environment(const char* name);

/// The proxy that gRPC connects through unless it is configured not to. gRPC does not report it, and its errors name
/// the proxy's address as if it were the server's, so this function repeats gRPC's rule.
std::optional<Proxy> proxy_for(std::string_view target, const Environment& environment);

}  // namespace synthserve::detail
