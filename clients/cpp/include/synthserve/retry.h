#pragma once

#include <chrono>

namespace synthserve {

/// How calls are tried again after the server was unavailable, or refused them for now and said when to come back.
///
/// A wrong address should be told soon, a stream that already gave a million rows deserves patience: so there is one
/// bound for calls that have given nothing yet, and one for streams that have. Both count attempts since the last
/// sample that came. The wait doubles from attempt to attempt, and each is shortened by a random part of at most a
/// half; it is never shorter than the server asks.
struct RetryPolicy {
  /// Attempts in a row, at least 1, before anything came. 1: never try again.
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
