#include "synthserve/error.h"

#include <array>
#include <cstddef>
#include <utility>

namespace synthserve {

namespace {

constexpr std::array<std::string_view, 17> kNames = {
    "OK",        "CANCELLED",       "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
    "NOT_FOUND", "ALREADY_EXISTS",  "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
    "ABORTED",   "OUT_OF_RANGE",    "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
    "DATA_LOSS", "UNAUTHENTICATED",
};

}  // namespace

std::string_view to_string(Code code) noexcept {
  return kNames[static_cast<std::size_t>(code)];
}

Error::Error(Code code, const std::string& message, ErrorDetails details)
    : Error(code, message, std::make_shared<const ErrorDetails>(std::move(details))) {}

Error::Error(Code code, const std::string& message, std::shared_ptr<const ErrorDetails> details)
    : std::runtime_error(message), code_(code), details_(std::move(details)) {}

Error Error::with_note(std::string_view note) const {
  return {code_, std::string(what()).append("; ").append(note), details_};
}

}  // namespace synthserve
