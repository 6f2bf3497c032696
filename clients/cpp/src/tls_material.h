#pragma once

#include <string>

#include "synthserve/options.h"

namespace synthserve::detail {

/// Certificates and key of a TLS connection, in the form that gRPC needs.
struct TlsMaterial {
  TlsOptions pem;
  /// The kind of the key, for example `Ed25519`. Empty: no key.
  std::string key_kind;
};

/// Reads certificates and keys with OpenSSL. gRPC reads them only when it connects, and fails without a reason.
///
/// @throws Error (`invalid_argument`) gRPC cannot use them. The option is named.
TlsMaterial checked(const TlsOptions& options);

}  // namespace synthserve::detail
