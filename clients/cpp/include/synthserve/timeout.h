#pragma once

#include <chrono>
#include <optional>

#include "synthserve/error.h"

namespace synthserve {

/// A time limit in milliseconds. Not set, or longer than 50 years: no limit. Zero and negative durations have already
/// run out.
///
/// It converts from a duration of any unit, however long: `std::chrono::hours::max()` and an infinite number of seconds
/// mean no limit either. Fractions of a millisecond are rounded up.
class Timeout : public std::optional<std::chrono::milliseconds> {
 public:
  constexpr Timeout() = default;
  constexpr Timeout(std::nullopt_t) {}
  constexpr Timeout(std::optional<std::chrono::milliseconds> timeout)
      : std::optional<std::chrono::milliseconds>(timeout) {}

  /// @throws Error (`invalid_argument`) The duration is not a number.
  template <typename Rep, typename Period>
  constexpr Timeout(std::chrono::duration<Rep, Period> duration)
      : std::optional<std::chrono::milliseconds>(saturated(duration)) {}

 private:
  template <typename Rep, typename Period>
  static constexpr std::chrono::milliseconds saturated(std::chrono::duration<Rep, Period> duration) {
    using std::chrono::milliseconds;
    // A double is exact enough: milliseconds that it cannot represent exactly are longer than 50 years.
    const double count = std::chrono::duration<double, std::milli>(duration).count();
    if (count != count) {
      throw Error(Code::invalid_argument, "timeout: is not a number",
                  {.fields = {{.field = "timeout", .description = "is not a number"}}});
    }
    // The limit is far below the overflow of the conversion.
    constexpr double kLongest = 1e18;
    if (count >= kLongest) {
      return milliseconds::max();
    }
    if (count <= -kLongest) {
      return milliseconds::min();
    }
    const milliseconds whole(static_cast<milliseconds::rep>(count));
    return static_cast<double>(whole.count()) < count ? whole + milliseconds(1) : whole;
  }
};

}  // namespace synthserve
