#pragma once

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "synthserve/calendar.h"

namespace synthserve {

namespace detail {

template <typename T, typename... Others>
concept OneOf = (std::same_as<T, Others> || ...);

/// A number, not a truth value and not a character.
template <typename T>
concept Integer = std::integral<T> && !OneOf<T, bool, char, wchar_t, char8_t, char16_t, char32_t>;

/// A floating-point number that a double holds exactly.
template <typename T>
concept Real = OneOf<T, float, double>;

/// A duration in whole microseconds. A finer one must be rounded first: `floor<microseconds>(time)`.
template <typename Duration>
concept WholeMicroseconds = std::convertible_to<Duration, std::chrono::microseconds>;

/// Converts without an overflow: a time outside the calendar stays outside.
template <WholeMicroseconds Duration>
constexpr std::chrono::microseconds saturated(Duration duration) {
  // The limit is below the overflow of the conversion and beyond the year 9999. A double is exact enough.
  constexpr double kLimit = 1e18;
  const double count = std::chrono::duration<double, std::micro>(duration).count();
  return count > -kLimit && count < kLimit ? std::chrono::microseconds(duration) : std::chrono::microseconds::max();
}

}  // namespace detail

/// A value in a condition: a text, which is sent as it is, or a number, a truth value, a date, an instant or a local
/// time, which are sent as CSV writes them.
///
/// `Client` refuses numbers that are not finite, and dates and times outside the years 1 to 9999.
class ConditionValue {
 public:
  using Held = std::variant<std::string, bool, std::int64_t, std::uint64_t, double, Date, Instant, LocalTime>;

  /// Empty text.
  ConditionValue() = default;

  /// Text as it is written in a CSV file of the model.
  ConditionValue(std::string text) : held_(std::move(text)) {}
  ConditionValue(std::string_view text) : held_(std::string(text)) {}
  ConditionValue(const char* text) : held_(std::string(text)) {}
  ConditionValue(std::nullptr_t) = delete;

  /// A truth value. A template, as pointers would convert to `bool`.
  template <std::same_as<bool> Bool>
  ConditionValue(Bool value) : held_(value) {}

  /// An integer of any width.
  template <detail::Integer Number>
  ConditionValue(Number value) : held_(widened(value)) {}

  /// A floating-point number; the shortest text that reads back as the same double is sent.
  template <detail::Real Number>
  ConditionValue(Number value) : held_(double{value}) {}

  /// A day of the calendar, with or without a time zone.
  ConditionValue(Date day) : held_(day) {}
  ConditionValue(std::chrono::local_days day) : held_(Date(day.time_since_epoch())) {}
  ConditionValue(std::chrono::year_month_day day) : held_(day.ok() ? Date(day) : Date::max()) {}

  /// An instant, in whole microseconds.
  template <detail::WholeMicroseconds Duration>
  ConditionValue(std::chrono::sys_time<Duration> time) : held_(Instant(detail::saturated(time.time_since_epoch()))) {}

  /// A date with a time of day, in whole microseconds.
  template <detail::WholeMicroseconds Duration>
  ConditionValue(std::chrono::local_time<Duration> time)
      : held_(LocalTime(detail::saturated(time.time_since_epoch()))) {}

  /// The value.
  const Held& held() const noexcept { return held_; }

 private:
  template <detail::Integer Number>
  static auto widened(Number value) {
    return static_cast<std::conditional_t<std::is_signed_v<Number>, std::int64_t, std::uint64_t>>(value);
  }

  Held held_;
};

/// A condition on a column of the rows, or on a named property of the images. `v1::Model::conditions()` lists those
/// that a model accepts; the server checks them.
///
/// A plain value means equality:
///
///     .where = {{"species", "setosa"},
///               {"country", Condition::any_of({"AT", "DE"})},
///               {"age", Condition::between(30, 40)},
///               {"income", Condition::present()}}
class Condition {
 public:
  /// It has this value.
  struct Equals {
    ConditionValue value;
  };
  /// It has one of these values; `std::nullopt`: or it is missing.
  struct AnyOf {
    std::vector<std::optional<ConditionValue>> values;
  };
  /// It lies between these values, both included; `std::nullopt`: that end is open.
  struct Between {
    std::optional<ConditionValue> low;
    std::optional<ConditionValue> high;
  };
  /// It is missing, or not missing.
  struct Missing {
    bool missing;
  };
  using Test = std::variant<Equals, AnyOf, Between, Missing>;

  /// The condition to be empty text. It exists so that `where[column] = …` compiles.
  Condition() = default;

  /// The condition to have a value.
  template <typename Value>
  requires(!std::same_as<std::remove_cvref_t<Value>, Condition> && std::convertible_to<Value, ConditionValue>)
      Condition(Value&& value)
      : test_(Equals{ConditionValue(std::forward<Value>(value))}) {}

  /// The condition to have one of some values: `any_of({"AT", "DE"})`.
  ///
  /// @param values At least one; `std::nullopt` among them: or to be missing.
  static Condition any_of(std::vector<std::optional<ConditionValue>> values) {
    return Condition(AnyOf{std::move(values)});
  }

  /// The same for the elements of a container.
  template <std::ranges::input_range Values>
  requires std::convertible_to<std::ranges::range_reference_t<Values>, std::optional<ConditionValue>>
  static Condition any_of(const Values& values) {
    std::vector<std::optional<ConditionValue>> held;
    std::ranges::copy(values, std::back_inserter(held));
    return any_of(std::move(held));
  }

  /// The condition to lie in a range of numbers, dates or times.
  ///
  /// @param low The smallest value; `std::nullopt`: unbounded below.
  /// @param high The largest value; `std::nullopt`: unbounded above.
  static Condition between(std::optional<ConditionValue> low, std::optional<ConditionValue> high) {
    return Condition(Between{std::move(low), std::move(high)});
  }

  /// The condition to be missing.
  static Condition missing() { return Condition(Missing{true}); }

  /// The condition not to be missing.
  static Condition present() { return Condition(Missing{false}); }

  /// The test that a value must pass.
  const Test& test() const noexcept { return test_; }

 private:
  explicit Condition(Test test) : test_(std::move(test)) {}

  Test test_;
};

}  // namespace synthserve
