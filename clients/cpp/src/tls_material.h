#pragma once

#include <string>

#include "synthserve/options.h"

namespace synthserve::detail {

/// What a TLS connection is made with, as gRPC can use it.
struct TlsMaterial {
  TlsOptions pem;
  /// The kind of the key, for example `Ed25519`. Empty: there is none.
  std::string key_kind;
};

/// Reads certificates and keys with OpenSSL, as gRPC does at each connection, where it would fail without saying why.
///
/// @throws Error (`invalid_argument`) gRPC cannot use them. The option is named.
TlsMaterial checked(const TlsOptions& options);

}  // namespace synthserve::detail
