#include "deadline.h"

#include <algorithm>
#include <string>

namespace synthserve::detail {

namespace {

// As good as no limit, and small enough that adding it to a time does not overflow.
constexpr std::chrono::milliseconds kLongest = std::chrono::hours(24 * 365 * 50);

std::string told(std::chrono::milliseconds timeout) {
  return "not done within " + std::to_string(timeout.count()) + " ms";
}

}  // namespace

Deadline::Deadline(std::optional<std::chrono::milliseconds> timeout, Clock::time_point now) : timeout_(timeout) {
  if (timeout_ && *timeout_ > kLongest) {
    timeout_.reset();
  }
  if (timeout_) {
    // A negative timeout is over at once. Added to the time, it could overflow.
    end_ = now + std::max(*timeout_, std::chrono::milliseconds(0));
  }
}

std::optional<std::chrono::nanoseconds> Deadline::left(Clock::time_point now) const {
  if (!timeout_) {
    return std::nullopt;
  }
  if (now >= end_) {
    throw Error(Code::deadline_exceeded, told(*timeout_));
  }
  return end_ - now;
}

void Deadline::require(std::chrono::nanoseconds wait, const Error& cause, Clock::time_point now) const {
  if (timeout_ && wait >= end_ - now) {
    throw Error(Code::deadline_exceeded, told(*timeout_) + "; the last attempt failed: " + cause.what());
  }
}

}  // namespace synthserve::detail
