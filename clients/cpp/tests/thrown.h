#pragma once

#include <gtest/gtest.h>
#include <synthserve/error.h>

#include <optional>

namespace synthserve {

/// The error that a function throws; the test fails if it throws none.
template <typename Function>
std::optional<Error> thrown(Function&& function) {
  try {
    function();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was thrown";
  return std::nullopt;
}

/// The code of the error that a function throws.
template <typename Function>
std::optional<Code> thrown_code(Function&& function) {
  const auto error = thrown(function);
  return error ? std::optional(error->code()) : std::nullopt;
}

inline void PrintTo(Code code, std::ostream* out) {
  *out << to_string(code);
}

}  // namespace synthserve
