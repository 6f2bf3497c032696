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

  /// What is left; nothing without a deadline.
  ///
  /// @throws Error (`deadline_exceeded`) There is no time left.
  std::optional<std::chrono::nanoseconds> left(Clock::time_point now = Clock::now()) const;

  /// Refuses a wait that would end too late; to begin it would be useless.
  ///
  /// @param cause What went wrong, so that there is something to wait for.
  /// @throws Error (`deadline_exceeded`) It would.
  void require(std::chrono::nanoseconds wait, const Error& cause, Clock::time_point now = Clock::now()) const;

 private:
  std::optional<std::chrono::milliseconds> timeout_;
  Clock::time_point end_;
};

}  // namespace synthserve::detail
