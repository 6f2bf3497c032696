#pragma once

#include <chrono>

#include "synthserve/error.h"
#include "synthserve/retry.h"

namespace synthserve::detail {

/// @throws Error (`invalid_argument`) A value is out of its range.
void check(const RetryPolicy& policy);

/// Decides what follows a failed attempt. Pure: no clock, no chance of its own.
///
/// @param failures Failures in a row since the last progress, this one counted.
/// @param started Whether the call has given anything.
/// @param error What happened.
/// @param shortening What is taken from the wait: from 0 (nothing) to 1 (half of it).
/// @return How long to wait before the next attempt.
/// @throws Error `error` itself, when trying again would not help or was done often enough.
std::chrono::nanoseconds wait_before_next(const RetryPolicy& policy, int failures, bool started, const Error& error,
                                          double shortening);

}  // namespace synthserve::detail
