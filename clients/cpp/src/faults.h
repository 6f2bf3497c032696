#pragma once

#include <string>

#include "synthserve/error.h"

namespace synthserve::detail {

/// The error for a value that cannot be sent.
inline Error invalid(const std::string& field, const std::string& description) {
  return {Code::invalid_argument, field + ": " + description, {.fields = {{field, description}}}};
}

/// The error for a response that the contract does not allow.
inline Error protocol_error(const std::string& what) {
  return {Code::internal, "the server broke the protocol: " + what};
}

}  // namespace synthserve::detail
