#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace synthserve::detail {

/// Finds out why the certificate of a server was not accepted. gRPC (1.51) does not report the reason, so this begins
/// another handshake, which fails as well, and asks OpenSSL.
///
/// @param target The server's address.
/// @param ca The authorities that are trusted, PEM. Empty: those of this machine.
/// @param patience The time limit.
/// @return OpenSSL's reason, for example `certificate has expired`; nothing where it cannot be determined.
std::optional<std::string> verification_failure(const std::string& target, const std::string& ca,
                                                std::chrono::nanoseconds patience);

}  // namespace synthserve::detail
