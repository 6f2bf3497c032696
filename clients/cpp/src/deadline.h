#pragma once

#include <chrono>
#include <optional>

#include "synthserve/error.h"

namespace synthserve::detail {

/// A point in time that a whole logical call, with all its attempts and waits, must not pass.
class Deadline {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Deadline(std::optional<std::chrono::milliseconds> timeout, Clock::time_point now = Clock::now());

  /// The time that is left; nothing without a deadline.
  ///
  /// @throws Error (`deadline_exceeded`) No time is left.
  std::optional<std::chrono::nanoseconds> left(Clock::time_point now = Clock::now()) const;

  /// Refuses a wait that would end after the deadline.
  ///
  /// @param cause The error after which the caller wants to wait.
  /// @throws Error (`deadline_exceeded`) The wait would end too late.
  void require(std::chrono::nanoseconds wait, const Error& cause, Clock::time_point now = Clock::now()) const;

 private:
  std::optional<std::chrono::milliseconds> timeout_;
  Clock::time_point end_;
};

}  // namespace synthserve::detail
