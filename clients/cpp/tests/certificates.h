#pragma once

#include <string>

namespace synthserve {

/// A certificate and its key, PEM.
struct Identity {
  std::string certificate;
  std::string key;
};

/// The properties of a test certificate.
struct Subject {
  /// The kind of its key: `RSA-2048`, `P-256`, `Ed25519`, …
  std::string key = "P-256";
  std::string name = "localhost";
  /// The period of validity, in seconds from now.
  long begins = -3600;
  long ends = 3600;
};

/// Makes a new identity that is its own authority.
Identity self_signed(const Subject& subject = {});

/// Makes a new identity that an authority signs.
Identity issued_by(const Identity& authority, const Subject& subject = {});

/// The key with a password.
std::string with_password(const std::string& key);

}  // namespace synthserve
