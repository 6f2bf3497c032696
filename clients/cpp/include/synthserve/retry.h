#pragma once

#include <chrono>

namespace synthserve {

/// How calls are tried again after the server was unavailable, or refused them with a time to try again.
///
/// A wrong address should be reported soon, while a stream that already gave a million rows deserves patience. So one
/// bound applies to calls without a response yet, and another to streams that have begun. Both count attempts since the
/// last sample. The wait doubles from attempt to attempt, and each is shortened by a random part of at most a half; it
/// is never shorter than the server asks.
struct RetryPolicy {
  /// Attempts in a row, at least 1, before the first response. 1: never try again.
  int start_attempts = 4;
  /// Attempts in a row, at least 1, once a stream has begun; the one that broke counts. 1: never resume.
  int resume_attempts = 12;
  /// The wait before the second attempt, from 0 to `max_backoff`.
  std::chrono::milliseconds initial_backoff{100};
  /// The longest wait, at most a day.
  std::chrono::milliseconds max_backoff{5000};

  /// The policy that never tries again.
  static constexpr RetryPolicy never() { return {.start_attempts = 1, .resume_attempts = 1}; }
};

}  // namespace synthserve
