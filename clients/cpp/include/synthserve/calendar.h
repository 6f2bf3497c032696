#pragma once

#include <chrono>

namespace synthserve {

/// A day of the proleptic Gregorian calendar. `std::chrono::year_month_day` splits it into year, month and day.
using Date = std::chrono::sys_days;

/// A point in time.
using Instant = std::chrono::sys_time<std::chrono::microseconds>;

/// A date with a time of day, without a time zone. It does not mix with `Instant`: only a time zone turns one into the
/// other.
using LocalTime = std::chrono::local_time<std::chrono::microseconds>;

}  // namespace synthserve
