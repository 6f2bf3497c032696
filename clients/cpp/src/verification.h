#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace synthserve::detail {

/// Finds out why the certificate of a server was not accepted. gRPC (1.51) says only that it was not, so this begins
/// another handshake with the server, which fails as well, and asks OpenSSL. It does not matter when that fails.
///
/// @param target The server's address.
/// @param ca The authorities that are trusted, PEM. Empty: those of this machine.
/// @param patience How long it may take.
/// @return OpenSSL's reason, for example `certificate has expired`; nothing where it cannot be found out.
std::optional<std::string> verification_failure(const std::string& target, const std::string& ca,
                                                std::chrono::nanoseconds patience);

}  // namespace synthserve::detail
