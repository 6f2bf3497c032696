#include "target.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>

#include "faults.h"

namespace synthserve::detail {

namespace {

constexpr std::array<std::string_view, 7> kSchemes = {
    "dns:", "ipv4:", "ipv6:", "unix:", "unix-abstract:", "vsock:", "xds:"};

struct Address {
  std::string_view host;
  std::optional<std::string_view> port;
};

bool is_ipv6(std::string_view text) {
  in6_addr parsed{};
  return inet_pton(AF_INET6, std::string(text).c_str(), &parsed) == 1;
}

/// Reads `HOST`, `HOST:PORT`, `[IPV6]`, `[IPV6]:PORT` or `IPV6`; nothing if it is none of them.
std::optional<Address> parse(std::string_view text) {
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
  if (address.host.empty() || address.host.find_first_of("[]/ \t\r\n") != std::string_view::npos) {
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

bool is_loopback(std::string_view text) {
  const auto address = parse(text);
  if (!address) {
    return false;
  }
  std::string host(address->host);
  in_addr four{};
  if (inet_pton(AF_INET, host.c_str(), &four) == 1) {
    return ntohl(four.s_addr) >> 24 == 127;
  }
  in6_addr six{};
  if (inet_pton(AF_INET6, host.c_str(), &six) == 1) {
    return IN6_IS_ADDR_LOOPBACK(&six);
  }
  std::transform(host.begin(), host.end(), host.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; });
  return host == "localhost";
}

}  // namespace

void check_target(std::string_view target) {
  if (std::any_of(kSchemes.begin(), kSchemes.end(), [&](auto scheme) { return target.starts_with(scheme); })) {
    return;
  }
  const auto address = parse(target);
  if (!address) {
    throw invalid("target", "must be HOST:PORT, not '" + std::string(target) + "'");
  }
  if (address->port && !is_port(*address->port)) {
    throw invalid("target", "the port must be from 1 to 65535, not '" + std::string(*address->port) + "'");
  }
}

bool is_local(std::string_view target) {
  if (target.starts_with("unix:") || target.starts_with("unix-abstract:")) {
    return true;
  }
  for (const std::string_view scheme : {"dns:", "ipv4:", "ipv6:"}) {
    if (target.starts_with(scheme)) {
      target.remove_prefix(scheme.size());
      // A name server of one's own could send `localhost` anywhere, so `dns://SERVER/HOST` is not taken apart.
      target.remove_prefix(target.starts_with("///") ? 3 : 0);
      break;
    }
  }
  while (true) {
    const auto comma = target.find(',');
    if (!is_loopback(target.substr(0, comma))) {
      return false;
    }
    if (comma == std::string_view::npos) {
      return true;
    }
    target.remove_prefix(comma + 1);
  }
}

}  // namespace synthserve::detail
