#pragma once

#include "synthserve/calendar.h"

namespace synthserve::detail {

inline constexpr Date kFirstDay = std::chrono::year(1) / 1 / 1;
inline constexpr Date kLastDay = std::chrono::year(9999) / 12 / 31;

/// Whether a value is in the years 1 to 9999, the range of the contract.
constexpr bool is_in_calendar(Date day) {
  return kFirstDay <= day && day <= kLastDay;
}

constexpr bool is_in_calendar(Instant time) {
  return kFirstDay <= time && time < kLastDay + std::chrono::days(1);
}

constexpr bool is_in_calendar(LocalTime time) {
  return is_in_calendar(Instant(time.time_since_epoch()));
}

}  // namespace synthserve::detail
