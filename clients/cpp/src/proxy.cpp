#include "proxy.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "target.h"

namespace synthserve::detail {

namespace {

/// The first of these variables that is set, even if it is empty.
struct Variable {
  std::string name;
  std::string value;
};

template <std::size_t size>
std::optional<Variable> first_set(const std::array<const char*, size>& names, const Environment& environment) {
  for (const auto* name : names) {
    if (auto value = environment(name)) {
      return Variable{.name = name, .value = *std::move(value)};
    }
  }
  return std::nullopt;
}

/// What an URL has between `http://` and its path, without user and password; empty where gRPC would not take it.
std::string_view proxy_address(std::string_view url) {
  constexpr std::string_view kScheme = "http://";
  if (!url.starts_with(kScheme)) {
    return {};
  }
  url.remove_prefix(kScheme.size());
  const auto authority = url.substr(0, url.find_first_of("/?#"));
  return std::ranges::count(authority, '@') > 1 ? std::string_view{} : authority.substr(authority.find('@') + 1);
}

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && lower_case(text.substr(text.size() - end.size())) == lower_case(end);
}

bool is_listed(std::string_view host, std::string_view list) {
  while (!list.empty()) {
    const auto entry = list.substr(0, list.find(','));
    if (!entry.empty() && ends_with(host, entry)) {
      return true;
    }
    list.remove_prefix(std::min(entry.size() + 1, list.size()));
  }
  return false;
}

}  // namespace

std::optional<std::string> process_environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

std::optional<Proxy> proxy_for(std::string_view target, const Environment& environment) {
  static constexpr std::array kProxies = {"grpc_proxy", "https_proxy", "http_proxy"};
  static constexpr std::array kExceptions = {"no_grpc_proxy", "no_proxy"};
  const auto proxy = first_set(kProxies, environment);
  const auto address = proxy ? proxy_address(proxy->value) : std::string_view{};
  if (address.empty() || is_socket_file(target)) {
    return std::nullopt;
  }
  if (const auto exceptions = first_set(kExceptions, environment);
      exceptions && is_listed(host_of(target), exceptions->value)) {
    return std::nullopt;
  }
  return Proxy{.url = "http://" + std::string(address), .variable = proxy->name};
}

}  // namespace synthserve::detail
