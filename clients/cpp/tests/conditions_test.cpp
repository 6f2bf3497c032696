#include "conditions.h"

#include <array>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <list>
#include <map>
#include <type_traits>

#include "thrown.h"

namespace synthserve::detail {
namespace {

using namespace std::chrono_literals;
using std::chrono::local_days;
using std::chrono::local_seconds;
using std::chrono::microseconds;
using std::chrono::nanoseconds;
using std::chrono::sys_seconds;
using std::chrono::sys_time;
using std::chrono::year_month_day;

// A value whose type cannot be sent is a compile-time error.
static_assert(!std::is_convertible_v<sys_time<nanoseconds>, Condition>);
static_assert(!std::is_convertible_v<sys_time<std::chrono::duration<double>>, Condition>);
static_assert(!std::is_convertible_v<long double, Condition>);
static_assert(!std::is_convertible_v<char, Condition>);
static_assert(!std::is_convertible_v<void*, Condition>);
static_assert(!std::is_convertible_v<std::nullptr_t, Condition>);

constexpr Date kLeapDay = 2024y / 2 / 29;

/// How a value is sent.
std::string written(const Condition& condition) {
  const auto sent = on_wire("c", condition);
  EXPECT_EQ(sent.column(), "c");
  EXPECT_EQ(sent.test_case(), v1::Condition::kEquals);
  return sent.equals();
}

TEST(Conditions, TextStaysAsItIs) {
  EXPECT_EQ(written("\u6771\u4eac"), "\u6771\u4eac");
  EXPECT_EQ(written(std::string("a\0b", 3)), std::string("a\0b", 3));
  EXPECT_EQ(written(std::string_view("text").substr(1)), "ext");
  EXPECT_EQ(written(""), "");
}

TEST(Conditions, NumbersAndTruthValues) {
  EXPECT_EQ(written(0), "0");
  EXPECT_EQ(written(short{-7}), "-7");
  EXPECT_EQ(written(std::int8_t{65}), "65");
  EXPECT_EQ(written(std::size_t{30}), "30");
  EXPECT_EQ(written(std::numeric_limits<std::int64_t>::min()), "-9223372036854775808");
  EXPECT_EQ(written(std::numeric_limits<std::uint64_t>::max()), "18446744073709551615");
  EXPECT_EQ(written(0.1), "0.1");
  EXPECT_EQ(written(30.0), "30");
  EXPECT_EQ(written(0.5F), "0.5");
  EXPECT_EQ(written(1.0 / 3), "0.3333333333333333");
  EXPECT_EQ(written(-1e300), "-1e+300");
  EXPECT_EQ(written(true), "true");
  EXPECT_EQ(written(false), "false");
}

TEST(Conditions, ShortestDoublesReadBack) {
  for (const double number : {std::numeric_limits<double>::denorm_min(), std::numeric_limits<double>::max(),
                              std::numeric_limits<double>::lowest(), 123456789.123456789}) {
    EXPECT_EQ(std::strtod(written(number).c_str(), nullptr), number);
  }
}

TEST(Conditions, Dates) {
  EXPECT_EQ(written(kLeapDay), "2024-02-29");
  EXPECT_EQ(written(2024y / 2 / 29), "2024-02-29");
  EXPECT_EQ(written(local_days(2024y / 2 / 29)), "2024-02-29");
  EXPECT_EQ(written(1y / 1 / 1), "0001-01-01");
  EXPECT_EQ(written(9999y / 12 / 31), "9999-12-31");
}

TEST(Conditions, InstantsAndLocalTimes) {
  EXPECT_EQ(written(kLeapDay + 12h + 30min), "2024-02-29T12:30:00Z");
  EXPECT_EQ(written(kLeapDay + 12h), "2024-02-29T12:00:00Z");
  EXPECT_EQ(written(kLeapDay + 1us), "2024-02-29T00:00:00.000001Z");
  EXPECT_EQ(written(kLeapDay - 500ms), "2024-02-28T23:59:59.500000Z");
  EXPECT_EQ(written(Date() - 1us), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(written(local_days(2024y / 2 / 29) + 12h + 30min), "2024-02-29T12:30:00");
  EXPECT_EQ(written(local_days(1y / 1 / 1) + 250ms), "0001-01-01T00:00:00.250000");
  EXPECT_EQ(written(Date(9999y / 12 / 31) + 24h - 1us), "9999-12-31T23:59:59.999999Z");
}

TEST(Conditions, AnyOfSeveral) {
  const auto sent = on_wire("country", Condition::any_of({"AT", "DE"})).any_of();
  ASSERT_EQ(sent.values_size(), 2);
  EXPECT_EQ(sent.values(0), "AT");
  EXPECT_EQ(sent.values(1), "DE");
  EXPECT_FALSE(sent.missing());

  const auto or_missing = on_wire("n", Condition::any_of({1, std::nullopt, kLeapDay})).any_of();
  ASSERT_EQ(or_missing.values_size(), 2);
  EXPECT_EQ(or_missing.values(0), "1");
  EXPECT_EQ(or_missing.values(1), "2024-02-29");
  EXPECT_TRUE(or_missing.missing());
}

TEST(Conditions, AnyOfWhatAContainerHolds) {
  const std::array<int, 2> numbers = {3, 4};
  EXPECT_EQ(on_wire("n", Condition::any_of(numbers)).any_of().values(1), "4");
  const std::list<std::string> names = {"AT", "DE", "CH"};
  EXPECT_EQ(on_wire("country", Condition::any_of(names)).any_of().values(2), "CH");
  const std::vector<std::optional<double>> nothing = {std::nullopt};
  EXPECT_TRUE(on_wire("n", Condition::any_of(nothing)).any_of().missing());
}

TEST(Conditions, Between) {
  const auto both = on_wire("age", Condition::between(30, 40.5)).between();
  EXPECT_EQ(both.low(), "30");
  EXPECT_EQ(both.high(), "40.5");
  const auto from = on_wire("day", Condition::between(kLeapDay, std::nullopt)).between();
  EXPECT_EQ(from.low(), "2024-02-29");
  EXPECT_FALSE(from.has_high());
  const auto until = on_wire("age", Condition::between(std::nullopt, 40)).between();
  EXPECT_FALSE(until.has_low());
  EXPECT_EQ(until.high(), "40");
}

TEST(Conditions, MissingOrNot) {
  const auto missing = on_wire("seen", Condition::missing());
  EXPECT_EQ(missing.test_case(), v1::Condition::kMissing);
  EXPECT_TRUE(missing.missing());
  const auto present = on_wire("seen", Condition::present());
  EXPECT_EQ(present.test_case(), v1::Condition::kMissing);
  EXPECT_FALSE(present.missing());
}

TEST(Conditions, WhatCannotBeWrittenIsRefusedByName) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (const Condition& condition :
       {Condition("\xFF"), Condition(std::numeric_limits<double>::quiet_NaN()), Condition(kInfinity),
        Condition::between(0, kInfinity), Condition::between(-kInfinity, 0), Condition::any_of({"a", "\xFF"}),
        Condition(2023y / 2 / 29), Condition(0y / 12 / 31), Condition(Date(10000y / 1 / 1)), Condition(Date::max()),
        Condition(Date::min()), Condition(local_days::min()), Condition(Date(1y / 1 / 1) - 1us),
        Condition(Date(9999y / 12 / 31) + 24h), Condition(local_days(9999y / 12 / 31) + 24h),
        Condition(sys_seconds::max()), Condition(local_seconds::min()), Condition(Instant::min())}) {
    const auto error = thrown([&] { on_wire("born", condition); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code(), Code::invalid_argument);
    EXPECT_EQ(error->details().fields.at(0).field, "conditions[born]");
  }
}

TEST(Conditions, NamesAreUtf8) {
  const auto error = thrown([] { on_wire("\xFF", "Rome"); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), Code::invalid_argument);
  EXPECT_EQ(error->details().fields.at(0).field, "conditions");
}

TEST(Conditions, FillAMapInEachWay) {
  std::map<std::string, Condition> where = {{"species", "setosa"}, {"age", 30}};
  where["open"] = true;
  where["seen"] = Condition::missing();
  EXPECT_EQ(written(where.at("species")), "setosa");
  EXPECT_EQ(written(where.at("age")), "30");
  EXPECT_EQ(written(where.at("open")), "true");
  EXPECT_TRUE(on_wire("seen", where.at("seen")).missing());
}

}  // namespace
}  // namespace synthserve::detail
