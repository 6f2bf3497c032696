#include <synthserve/rows.h>

#include <functional>
#include <limits>
#include <ranges>
#include <string>
#include <utility>
#include <vector>

#include "thrown.h"

namespace synthserve {
namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;
using std::chrono::local_days;
using std::chrono::microseconds;

static_assert(std::ranges::random_access_range<StringRange>);
static_assert(std::ranges::random_access_range<DateRange>);
static_assert(std::ranges::sized_range<InstantRange>);
static_assert(std::ranges::sized_range<LocalTimeRange>);

constexpr std::int64_t kDayInMicroseconds = std::int64_t{86'400} * 1'000'000;
constexpr std::int32_t kFirstDay = -719'162;
constexpr std::int32_t kLastDay = 2'932'896;

/// A batch of one column that is called `c`.
RowBatch batch_of(v1::ColumnType type, const v1::ColumnValues& values, std::int64_t rows, bool utc = false) {
  v1::RowStreamInfo info;
  auto& column = *info.mutable_schema()->add_columns();
  column.set_name("c");
  column.set_type(type);
  column.set_utc(utc);
  v1::GenerateRowsResponse response;
  response.set_row_count(rows);
  *response.mutable_columns()->add_columns() = values;
  return {std::make_shared<const v1::RowStreamInfo>(std::move(info)), std::move(response)};
}

v1::ColumnValues strings(const std::vector<std::int32_t>& offsets, std::string_view data) {
  v1::ColumnValues values;
  values.mutable_strings()->mutable_offsets()->Add(offsets.begin(), offsets.end());
  values.mutable_strings()->set_data(std::string(data));
  return values;
}

v1::ColumnValues dates(const std::vector<std::int32_t>& days) {
  v1::ColumnValues values;
  values.mutable_dates()->mutable_days()->Add(days.begin(), days.end());
  return values;
}

v1::ColumnValues timestamps(const std::vector<std::int64_t>& times) {
  v1::ColumnValues values;
  values.mutable_timestamps()->mutable_microseconds()->Add(times.begin(), times.end());
  return values;
}

/// The values, of which only one is not missing.
v1::ColumnValues with_one_present(v1::ColumnValues values, int rows, int present) {
  for (int row = 0; row < rows; ++row) {
    values.add_validity(row == present);
  }
  return values;
}

TEST(Columns, Strings) {
  const auto batch = batch_of(v1::COLUMN_TYPE_STRING, strings({0, 2, 2, 8, 10}, "no\u6771\u4eac\0!"sv), 4);
  const auto texts = batch.column("c").strings();
  EXPECT_EQ(std::vector(texts.begin(), texts.end()), (std::vector{"no"sv, ""sv, "\u6771\u4eac"sv, "\0!"sv}));
  EXPECT_EQ(texts[2], "\u6771\u4eac");
  EXPECT_EQ(texts.size(), 4U);
  EXPECT_EQ(batch[0]["c"], Value("no"sv));
  EXPECT_EQ(batch[3]["c"], Value("\0!"sv));
}

TEST(Columns, Dates) {
  const auto batch = batch_of(v1::COLUMN_TYPE_DATE, dates({0, 19'782, kFirstDay, kLastDay}), 4);
  const auto days = batch.column("c").dates();
  EXPECT_EQ(std::vector(days.begin(), days.end()),
            (std::vector<Date>{1970y / 1 / 1, 2024y / 2 / 29, 1y / 1 / 1, 9999y / 12 / 31}));
  EXPECT_EQ(batch[1]["c"], Value(Date(2024y / 2 / 29)));
}

TEST(Columns, Instants) {
  const auto batch = batch_of(v1::COLUMN_TYPE_TIMESTAMP, timestamps({-1, 19'782 * kDayInMicroseconds}), 2, true);
  EXPECT_EQ(batch.column("c").instants()[0], Instant() - 1us);
  EXPECT_EQ(batch[1]["c"], Value(Instant(Date(2024y / 2 / 29))));
}

TEST(Columns, LocalTimes) {
  const auto batch = batch_of(v1::COLUMN_TYPE_TIMESTAMP, timestamps({-1, 19'782 * kDayInMicroseconds}), 2);
  EXPECT_EQ(batch.column("c").local_times()[0], LocalTime() - 1us);
  EXPECT_EQ(batch[1]["c"], Value(LocalTime(local_days(2024y / 2 / 29))));
}

TEST(Columns, ATimeOfAnotherKindIsRefused) {
  const auto utc = batch_of(v1::COLUMN_TYPE_TIMESTAMP, timestamps({0}), 1, true);
  const auto local = batch_of(v1::COLUMN_TYPE_TIMESTAMP, timestamps({0}), 1);
  EXPECT_THROW(utc.column("c").local_times(), std::logic_error);
  EXPECT_THROW(local.column("c").instants(), std::logic_error);
  EXPECT_THROW(local.column("c").dates(), std::logic_error);
  EXPECT_THROW(local.column("c").strings(), std::logic_error);
}

TEST(Columns, WhatStandsForAMissingValueMeansNothing) {
  const auto lowest = std::numeric_limits<std::int32_t>::min();
  const auto highest = std::numeric_limits<std::int64_t>::max();
  for (const auto& [type, values, utc] : {std::tuple(v1::COLUMN_TYPE_STRING, strings({0, 1, 2}, "\xFF!"), false),
                                          std::tuple(v1::COLUMN_TYPE_DATE, dates({lowest, 0}), false),
                                          std::tuple(v1::COLUMN_TYPE_TIMESTAMP, timestamps({highest, 0}), true),
                                          std::tuple(v1::COLUMN_TYPE_TIMESTAMP, timestamps({highest, 0}), false)}) {
    const auto batch = batch_of(type, with_one_present(values, 2, 1), 2, utc);
    EXPECT_EQ(batch[0]["c"], Value());
    EXPECT_NE(batch[1]["c"], Value());
    EXPECT_EQ(thrown_code([&] { batch_of(type, with_one_present(values, 2, 0), 2, utc); }), Code::internal);
  }
}

TEST(Columns, StringsMustBeDividedByTheirOffsets) {
  const auto refused = [](const std::vector<std::int32_t>& offsets, std::string_view data, std::int64_t rows) {
    return thrown_code([&] { batch_of(v1::COLUMN_TYPE_STRING, strings(offsets, data), rows); });
  };
  EXPECT_EQ(refused({}, "", 1), Code::internal);
  EXPECT_EQ(refused({0}, "", 1), Code::internal);
  EXPECT_EQ(refused({0, 1, 2}, "ab", 1), Code::internal);
  EXPECT_EQ(refused({1, 2}, "ab", 1), Code::internal);
  EXPECT_EQ(refused({-1, 2}, "ab", 1), Code::internal);
  EXPECT_EQ(refused({0, 1}, "ab", 1), Code::internal);
  EXPECT_EQ(refused({0, 3}, "ab", 1), Code::internal);
  EXPECT_EQ(refused({0, 2, 1, 2}, "ab", 3), Code::internal);
  EXPECT_EQ(refused({0, std::numeric_limits<std::int32_t>::max(), 2}, "ab", 2), Code::internal);
  EXPECT_EQ(refused({0, std::numeric_limits<std::int32_t>::min(), 2}, "ab", 2), Code::internal);
}

TEST(Columns, EachStringMustBeUtf8ByItself) {
  EXPECT_EQ(thrown_code([] { batch_of(v1::COLUMN_TYPE_STRING, strings({0, 1}, "\xFF"), 1); }), Code::internal);
  EXPECT_EQ(thrown_code([] { batch_of(v1::COLUMN_TYPE_STRING, strings({0, 1, 2}, "\u00E9"), 2); }), Code::internal);
}

TEST(Columns, DatesAndTimesMustBeOfTheCalendar) {
  const auto lowest = kFirstDay * kDayInMicroseconds;
  const auto highest = (kLastDay + 1) * kDayInMicroseconds - 1;
  for (const auto day : {kFirstDay - 1, kLastDay + 1}) {
    EXPECT_EQ(thrown_code([&] { batch_of(v1::COLUMN_TYPE_DATE, dates({day}), 1); }), Code::internal);
  }
  for (const bool utc : {true, false}) {
    EXPECT_NO_THROW(batch_of(v1::COLUMN_TYPE_TIMESTAMP, timestamps({lowest, highest}), 2, utc));
    for (const auto time : {lowest - 1, highest + 1, std::numeric_limits<std::int64_t>::min()}) {
      EXPECT_EQ(thrown_code([&] { batch_of(v1::COLUMN_TYPE_TIMESTAMP, timestamps({time}), 1, utc); }), Code::internal);
    }
  }
}

TEST(Columns, ValuesMustBeOfTheTypeAndOnePerRow) {
  const std::vector<std::pair<v1::ColumnType, v1::ColumnValues>> columns = {
      {v1::COLUMN_TYPE_STRING, strings({0, 1}, "a")},
      {v1::COLUMN_TYPE_DATE, dates({0})},
      {v1::COLUMN_TYPE_TIMESTAMP, timestamps({0})}};
  for (const auto& [type, values] : columns) {
    EXPECT_EQ(thrown_code([&] { batch_of(type, values, 2); }), Code::internal);
    EXPECT_EQ(thrown_code([&] { batch_of(type, with_one_present(values, 2, 0), 1); }), Code::internal);
    for (const auto& [other, unused] : columns) {
      if (other != type) {
        EXPECT_EQ(thrown_code([&] { batch_of(other, values, 1); }), Code::internal);
      }
    }
  }
}

TEST(Columns, ATypeOfANewerServerIsAnError) {
  const auto error = thrown([] { batch_of(static_cast<v1::ColumnType>(99), dates({0}), 1); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), Code::internal);
  EXPECT_NE(std::string(error->what()).find("column 'c' has a type that this version"), std::string::npos);
}

}  // namespace
}  // namespace synthserve
