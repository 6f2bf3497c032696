#include "connection.h"

#include <algorithm>
#include <array>

namespace synthserve::detail {

namespace {

/// Parts of gRPC's messages, any of which identifies a cause, and the explanation of that cause.
struct Sign {
  std::array<std::string_view, 4> words;
  std::string (*meaning)(const Connection& connection);
};

template <typename Words>
bool has_any(std::string_view text, const Words& words) {
  return std::ranges::any_of(
      words, [&](std::string_view each) { return !each.empty() && text.find(each) != std::string_view::npos; });
}

std::string certificate_of(const Connection& connection) {
  return "the certificate of the server at " + connection.target;
}

std::string unknown_host(const Connection& connection) {
  return connection.proxy ? "cannot find the host of the proxy: correct or unset the variable"
                          : "cannot find the host of " + connection.target + ": check the address";
}

std::string refused(const Connection& connection) {
  return connection.proxy
             ? "no proxy there (connection refused): correct or unset the variable, or name the server's "
               "host in no_proxy"
             : "no server at " + connection.target + " (connection refused): is it running? Else check the address";
}

std::string no_socket(const Connection& connection) {
  return "no server at " + connection.target + " (no such socket): is it running? Else check the path";
}

std::string refused_by_proxy(const Connection&) {
  return "the proxy refused to connect: see the status that it returned, or name the server's host in no_proxy";
}

std::string other_name(const Connection& connection) {
  return certificate_of(connection) + " is for other names: connect by a name in it";
}

std::string expired(const Connection& connection) {
  return certificate_of(connection) + " has expired: renew it, or set the clock of this machine if that is wrong";
}

std::string not_yet_valid(const Connection& connection) {
  return certificate_of(connection) + " is not valid yet: wait, or set the clock of this machine if that is wrong";
}

std::string untrusted(const Connection& connection) {
  return certificate_of(connection) +
         " was not issued by an authority that this client trusts: name that authority in TlsOptions::ca";
}

std::string too_weak(const Connection& connection) {
  return certificate_of(connection) + " is too weak, or one above it: RSA keys need 2048 bits, signatures SHA-256";
}

std::string not_verified(const Connection& connection) {
  return certificate_of(connection) +
         " is not accepted: it was not issued by an authority that this client trusts (TlsOptions::ca), or it has "
         "expired or is not valid yet";
}

std::string no_tls(const Connection& connection) {
  return "the server at " + connection.target +
         " does not speak TLS: connect without TLS (ClientOptions::tls), or start the server with a certificate";
}

std::string no_http2(const Connection& connection) {
  return "the server at " + connection.target + " does not speak gRPC: check the address";
}

std::string closed(const Connection& connection) {
  const auto closed = "the server at " + connection.target + " closed the connection before it answered: it may ";
  if (!connection.tls) {
    return closed + "want TLS (ClientOptions::tls)";
  }
  if (connection.client_key.empty()) {
    return closed + "ask for a client certificate (TlsOptions::certificate and key)";
  }
  return closed +
         "not accept the client's certificate (TlsOptions::certificate): check its authority, its dates "
         "and its key (" +
         connection.client_key + "; synthserve's servers take RSA, P-256 and P-384)";
}

std::string timed_out(const Connection& connection) {
  return "the server at " + connection.target +
         " did not answer in time (timed out): check the address, and firewalls "
         "on the way";
}

std::string no_route(const Connection& connection) {
  return "cannot reach " + connection.target + " (no route): check the address and the network";
}

std::string forbidden(const Connection& connection) {
  return "not allowed to connect to " + connection.target + " (permission denied): check the rights of its socket";
}

// The first match wins. gRPC is built with OpenSSL or BoringSSL, which spell the same reasons differently.
constexpr std::array kSigns = {
    Sign{{"HTTP proxy returned"}, refused_by_proxy},
    Sign{{"DNS resolution failed"}, unknown_host},
    Sign{{"is not in peer certificate", "Hostname Verification Check failed"}, other_name},
    Sign{{"certificate has expired"}, expired},
    Sign{{"certificate is not yet valid"}, not_yet_valid},
    Sign{{"unable to get", "unable to verify", "self-signed", "self signed"}, untrusted},
    Sign{{"too weak"}, too_weak},
    Sign{{"certificate verify failed", "CERTIFICATE_VERIFY_FAILED"}, not_verified},
    Sign{{"wrong version number", "WRONG_VERSION_NUMBER"}, no_tls},
    Sign{{"Failed parsing HTTP/2", "http1.x server", "ALPN"}, no_http2},
    Sign{{"timed out", "Timeout occurred", "Handshake read failed"}, timed_out},
    Sign{{"onnection refused"}, refused},
    Sign{{"No such file or directory"}, no_socket},
    Sign{{"Permission denied"}, forbidden},
    Sign{{"No route to host", "etwork is unreachable", "Host is unreachable"}, no_route},
    Sign{{"Socket closed", "onnection reset", "Broken pipe"}, closed},
    Sign{{"alert"}, closed},
};

/// The explanation of gRPC's message; `nullptr` where it is not known.
const Sign* sign_in(std::string_view said) {
  const auto* const sign = std::ranges::find_if(kSigns, [&](const Sign& each) { return has_any(said, each.words); });
  return sign == kSigns.end() ? nullptr : sign;
}

constexpr std::array<std::string_view, 2> kNoConnection = {"failed to connect to all addresses",
                                                           "DNS resolution failed"};

std::string on_the_way(const Connection& connection) {
  return " through the proxy " + connection.proxy->url + " (" + connection.proxy->variable + ")";
}

std::string told(const std::string& meaning, std::string_view said, const Connection& connection) {
  const auto beginning =
      connection.proxy ? "cannot connect to " + connection.target + on_the_way(connection) + ": " : std::string();
  return beginning + meaning + " (gRPC: " + std::string(said) + ")";
}

}  // namespace

bool lacks_reason(std::string_view said) {
  const auto* const sign = sign_in(said);
  return sign != nullptr && sign->meaning == not_verified;
}

std::string connection_fault(std::string_view said, const Connection& connection) {
  if (has_any(said, kNoConnection)) {
    if (const auto* const sign = sign_in(said)) {
      return told(sign->meaning(connection), said, connection);
    }
  }
  return connection.target + (connection.proxy ? on_the_way(connection) : "") + ": " + std::string(said);
}

std::string no_connection_in_time(std::string_view said, const Connection& connection) {
  return told(timed_out(connection), said, connection);
}

}  // namespace synthserve::detail
