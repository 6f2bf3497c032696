#include "target.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <vector>

#include "faults.h"

namespace synthserve::detail {

namespace {

constexpr std::array<std::string_view, 7> kSchemes = {"dns", "ipv4", "ipv6", "unix", "unix-abstract", "vsock", "xds"};

/// A target as gRPC parses it.
struct Target {
  /// Empty where the target has no scheme that gRPC knows; then the whole target is the path.
  std::string_view scheme;
  /// The name server of `dns://SERVER/HOST`.
  std::string_view authority;
  /// Addresses, or the path of a socket.
  std::string path;

  bool has_socket() const { return scheme == "unix" || scheme == "unix-abstract"; }
  bool has_addresses() const { return scheme.empty() || scheme == "dns" || scheme == "ipv4" || scheme == "ipv6"; }
};

struct Address {
  std::string_view host;
  std::optional<std::string_view> port;
};

std::string percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0;
    const auto* const digits = text.data() + i + 1;
    if (text[i] == '%' && i + 2 < text.size() && std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2) {
      decoded.push_back(static_cast<char>(byte));
      i += 2;
    } else {
      decoded.push_back(text[i]);
    }
  }
  return decoded;
}

Target split(std::string_view text) {
  const auto colon = text.find(':');
  const auto scheme = text.substr(0, colon);
  if (colon == std::string_view::npos || std::ranges::find(kSchemes, scheme) == kSchemes.end()) {
    return {.scheme = {}, .authority = {}, .path = std::string(text)};
  }
  auto rest = text.substr(colon + 1);
  rest = rest.substr(0, rest.find_first_of("?#"));
  Target target{.scheme = scheme, .authority = {}, .path = {}};
  if (rest.starts_with("//")) {
    rest.remove_prefix(2);
    target.authority = rest.substr(0, rest.find('/'));
    rest.remove_prefix(target.authority.size());
  }
  if (target.has_addresses() && rest.starts_with('/')) {
    rest.remove_prefix(1);
  }
  target.path = percent_decoded(rest);
  return target;
}

std::vector<std::string_view> addresses_of(const Target& target) {
  std::vector<std::string_view> addresses;
  for (std::string_view rest = target.path; !rest.empty();) {
    const auto address = rest.substr(0, rest.find(','));
    if (!address.empty()) {
      addresses.push_back(address);
    }
    rest.remove_prefix(std::min(address.size() + 1, rest.size()));
  }
  return addresses;
}

bool is_ipv6(std::string_view text) {
  in6_addr parsed{};
  return inet_pton(AF_INET6, std::string(text).c_str(), &parsed) == 1;
}

bool is_blank_or_control(char c) {
  return (c >= 0 && c <= ' ') || c == '\x7f';
}

/// Reads `HOST`, `HOST:PORT`, `[IPV6]`, `[IPV6]:PORT` or `IPV6`; nothing if it has none of these forms.
std::optional<Address> parse(std::string_view text) {
  if (std::ranges::any_of(text, is_blank_or_control)) {
    return std::nullopt;
  }
  if (is_ipv6(text)) {
    return Address{text, std::nullopt};
  }
  std::string_view rest;
  Address address{};
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos) {
      return std::nullopt;
    }
    address.host = text.substr(1, close - 1);
    rest = text.substr(close + 1);
  } else {
    const auto colon = std::min(text.find(':'), text.size());
    address.host = text.substr(0, colon);
    rest = text.substr(colon);
  }
  if (address.host.empty() || address.host.find_first_of("[]/") != std::string_view::npos) {
    return std::nullopt;
  }
  if (!rest.empty()) {
    if (!rest.starts_with(':')) {
      return std::nullopt;
    }
    address.port = rest.substr(1);
  }
  return address;
}

bool is_port(std::string_view text) {
  int port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc{} && end == text.data() + text.size() && port >= 1 && port <= 65535;
}

/// `dns:` accepts the name of a service too.
bool is_service(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= 'a' && c <= 'z'; });
}

bool is_loopback(std::string_view text) {
  const auto address = parse(text);
  if (!address) {
    return false;
  }
  const std::string host(address->host);
  in_addr four{};
  if (inet_pton(AF_INET, host.c_str(), &four) == 1) {
    return ntohl(four.s_addr) >> 24 == 127;
  }
  in6_addr six{};
  if (inet_pton(AF_INET6, host.c_str(), &six) == 1) {
    return IN6_IS_ADDR_LOOPBACK(&six) || (IN6_IS_ADDR_V4MAPPED(&six) && six.s6_addr[12] == 127);
  }
  return lower_case(host) == "localhost";
}

void check_address(std::string_view text, bool may_be_service) {
  const auto address = parse(text);
  if (!address) {
    throw invalid("target", "must be HOST:PORT, not '" + std::string(text) + "'");
  }
  if (address->port && !is_port(*address->port) && !(may_be_service && is_service(*address->port))) {
    throw invalid("target", "the port must be from 1 to 65535, not '" + std::string(*address->port) + "'");
  }
}

}  // namespace

void check_target(std::string_view target) {
  if (target.find('\0') != std::string_view::npos) {
    throw invalid("target", "must not contain a zero byte");
  }
  const auto parts = split(target);
  if (parts.has_socket() && parts.path.empty()) {
    throw invalid("target", "must be unix:PATH or unix-abstract:NAME, not '" + std::string(target) + "'");
  }
  if (!parts.has_addresses()) {
    return;
  }
  const auto addresses =
      parts.scheme.starts_with("ip") ? addresses_of(parts) : std::vector<std::string_view>{parts.path};
  if (addresses.empty()) {
    check_address("", false);
  }
  for (const auto address : addresses) {
    check_address(address, parts.scheme == "dns");
  }
}

bool is_local(std::string_view target) {
  const auto parts = split(target);
  // A custom name server could resolve `localhost` to any machine.
  if (!parts.has_addresses() || !parts.authority.empty()) {
    return parts.has_socket();
  }
  const auto addresses = addresses_of(parts);
  return !addresses.empty() && std::ranges::all_of(addresses, is_loopback);
}

bool is_socket_file(std::string_view target) {
  return split(target).scheme == "unix";
}

std::string host_of(std::string_view target) {
  const auto parts = split(target);
  const std::string_view path = parts.path;
  // gRPC reads text with several colons as an address without a port.
  const bool has_port = path.starts_with('[') || std::ranges::count(path, ':') == 1;
  const auto address = has_port ? parse(path) : std::nullopt;
  return std::string(address ? address->host : path);
}

std::optional<HostAndPort> host_and_port(std::string_view target) {
  const auto parts = split(target);
  const auto address = parts.has_addresses() ? parse(parts.path) : std::nullopt;
  if (!address) {
    return std::nullopt;
  }
  return HostAndPort{.host = std::string(address->host), .port = std::string(address->port.value_or("443"))};
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; });
  return lower;
}

}  // namespace synthserve::detail
