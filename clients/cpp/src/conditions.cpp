#include "conditions.h"

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <utility>

#include "calendar_range.h"
#include "faults.h"
#include "text.h"

namespace synthserve::detail {

namespace {

std::string padded(std::int64_t number, std::size_t width) {
  auto digits = std::to_string(number);
  digits.insert(0, width - digits.size(), '0');
  return digits;
}

std::string iso_date(Date day) {
  const std::chrono::year_month_day date(day);
  return padded(static_cast<int>(date.year()), 4) + '-' + padded(static_cast<unsigned>(date.month()), 2) + '-' +
         padded(static_cast<unsigned>(date.day()), 2);
}

std::string iso_time(Instant time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::hh_mm_ss clock(time - day);
  auto text = iso_date(day) + 'T' + padded(clock.hours().count(), 2) + ':' + padded(clock.minutes().count(), 2) + ':' +
              padded(clock.seconds().count(), 2);
  if (const auto fraction = clock.subseconds().count(); fraction != 0) {
    text += '.' + padded(fraction, 6);
  }
  return text;
}

/// Writes a value as in CSV.
struct Writer {
  const std::string& field;

  std::string operator()(const std::string& text) const {
    check_utf8(field, text);
    return text;
  }
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(std::int64_t number) const { return std::to_string(number); }
  std::string operator()(std::uint64_t number) const { return std::to_string(number); }
  std::string operator()(double number) const {
    if (!std::isfinite(number)) {
      throw invalid(field, "must be a finite number; use std::nullopt for an open end of a range");
    }
    // `to_chars` writes the shortest text that reads back as the same number. It is at most 24 characters long.
    std::array<char, 32> text{};
    return {text.data(), std::to_chars(text.data(), text.data() + text.size(), number).ptr};
  }
  std::string operator()(Date day) const {
    require_calendar(day);
    return iso_date(day);
  }
  std::string operator()(Instant time) const {
    require_calendar(time);
    return iso_time(time) + 'Z';
  }
  std::string operator()(LocalTime time) const {
    require_calendar(time);
    return iso_time(Instant(time.time_since_epoch()));
  }

 private:
  template <typename Time>
  void require_calendar(Time time) const {
    if (!is_in_calendar(time)) {
      throw invalid(field, "must be a day of the calendar in the years 1 to 9999");
    }
  }
};

/// Writes the test into the message.
class Sender {
 public:
  explicit Sender(v1::Condition& message) : message_(message), field_("conditions[" + message.column() + "]") {}

  void operator()(const Condition::Equals& test) { message_.set_equals(text(test.value)); }
  void operator()(const Condition::AnyOf& test) {
    auto& set = *message_.mutable_any_of();
    for (const auto& value : test.values) {
      if (value) {
        set.add_values(text(*value));
      } else {
        set.set_missing(true);
      }
    }
  }
  void operator()(const Condition::Between& test) {
    auto& range = *message_.mutable_between();
    if (test.low) {
      range.set_low(text(*test.low));
    }
    if (test.high) {
      range.set_high(text(*test.high));
    }
  }
  void operator()(const Condition::Missing& test) { message_.set_missing(test.missing); }

 private:
  std::string text(const ConditionValue& value) const { return std::visit(Writer{field_}, value.held()); }

  v1::Condition& message_;
  std::string field_;
};

}  // namespace

v1::Condition on_wire(const std::string& column, const Condition& condition) {
  check_utf8("conditions", column);
  v1::Condition message;
  message.set_column(column);
  std::visit(Sender(message), condition.test());
  return message;
}

}  // namespace synthserve::detail
