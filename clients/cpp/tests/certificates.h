#pragma once

#include <string>

namespace synthserve {

/// A certificate and its key, PEM.
struct Identity {
  std::string certificate;
  std::string key;
};

/// Makes a new identity for `localhost` that is its own authority.
Identity self_signed();

}  // namespace synthserve
