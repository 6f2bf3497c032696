#pragma once

#include <chrono>

#include "synthserve/error.h"
#include "synthserve/retry.h"

namespace synthserve::detail {

/// @throws Error (`invalid_argument`) A value is out of its range.
void check(const RetryPolicy& policy);

/// Decides what follows a failed attempt. Pure: no clock, no random numbers of its own.
///
/// @param failures Failures in a row since the last progress, including this one.
/// @param started Whether the call has given anything.
/// @param error The failure.
/// @param shortening How much to shorten the wait: from 0 (not at all) to 1 (by half).
/// @return How long to wait before the next attempt.
/// @throws Error `error` itself, when a retry would not help or the attempts are used up.
std::chrono::nanoseconds wait_before_next(const RetryPolicy& policy, int failures, bool started, const Error& error,
                                          double shortening);

}  // namespace synthserve::detail
