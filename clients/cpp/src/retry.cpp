#include "retry.h"

#include <algorithm>
#include <string>

#include "faults.h"

namespace synthserve::detail {

namespace {

std::chrono::nanoseconds backoff(const RetryPolicy& policy, int failures) {
  auto wait = policy.initial_backoff;
  for (int i = 1; i < failures && wait < policy.max_backoff; ++i) {
    wait *= 2;
  }
  return std::min(wait, policy.max_backoff);
}

}  // namespace

void check(const RetryPolicy& policy) {
  if (policy.start_attempts < 1 || policy.resume_attempts < 1) {
    throw invalid("retry", "start_attempts and resume_attempts must be at least 1");
  }
  if (policy.initial_backoff.count() < 0 || policy.initial_backoff > policy.max_backoff ||
      policy.max_backoff > std::chrono::hours(24)) {
    throw invalid("retry", "0 <= initial_backoff <= max_backoff <= 1 day must hold");
  }
}

std::chrono::nanoseconds wait_before_next(const RetryPolicy& policy, int failures, bool started, const Error& error,
                                          double shortening) {
  const auto asked = error.details().retry_delay;
  const bool over_limit = error.code() == Code::resource_exhausted && asked;
  if (!over_limit && error.code() != Code::unavailable) {
    throw error;
  }
  if (failures >= (started ? policy.resume_attempts : policy.start_attempts)) {
    throw failures > 1 ? error.with_note("gave up after " + std::to_string(failures) + " attempts") : error;
  }
  const std::chrono::nanoseconds server = asked.value_or(std::chrono::milliseconds(0));
  const auto own =
      std::chrono::duration_cast<std::chrono::nanoseconds>(backoff(policy, failures) * (1 - shortening / 2));
  // The server gives all callers over a limit the same time; they must not all return at once.
  return over_limit ? server + own : std::max(server, own);
}

}  // namespace synthserve::detail
