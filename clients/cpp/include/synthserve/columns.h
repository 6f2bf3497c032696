#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ranges>
#include <span>
#include <string_view>
#include <variant>

#include "synthserve/calendar.h"
#include "synthserve/v1/generation.pb.h"

namespace synthserve {

/// One value of a row; `std::monostate` where it is missing. A category or a string is a text that lives as long as its
/// batch. A timestamp is an `Instant` where `Column.utc` is true, else a `LocalTime`.
using Value = std::variant<std::monostate, double, std::int64_t, bool, std::string_view, Date, Instant, LocalTime>;

namespace detail {

struct TextAt {
  const std::int32_t* offsets;
  const char* data;

  std::string_view operator()(int row) const {
    return {data + offsets[row], static_cast<std::size_t>(offsets[row + 1] - offsets[row])};
  }
};

struct DateOf {
  Date operator()(std::int32_t days) const { return Date(std::chrono::days(days)); }
};

template <typename Time>
struct TimeOf {
  Time operator()(std::int64_t microseconds) const { return Time(std::chrono::microseconds(microseconds)); }
};

}  // namespace detail

/// Random-access ranges that decode each value when it is read, without a copy of the column.
using StringRange = std::ranges::transform_view<std::ranges::iota_view<int, int>, detail::TextAt>;
using DateRange = std::ranges::transform_view<std::span<const std::int32_t>, detail::DateOf>;
using InstantRange = std::ranges::transform_view<std::span<const std::int64_t>, detail::TimeOf<Instant>>;
using LocalTimeRange = std::ranges::transform_view<std::span<const std::int64_t>, detail::TimeOf<LocalTime>>;

/// The values of one column of a batch, typed and without a copy. It lives as long as the batch.
class ColumnView {
 public:
  ColumnView(const v1::Column& column, const v1::ColumnValues& values, std::size_t size)
      : column_(&column), values_(&values), size_(size) {}

  /// Name, type, categories and more of the column.
  const v1::Column& column() const noexcept { return *column_; }

  /// The number of values.
  std::size_t size() const noexcept { return size_; }

  /// The values of a column of doubles. Ignore the placeholder in a row whose value is missing.
  ///
  /// @throws std::logic_error The column has another type. The functions for the other types throw it too.
  std::span<const double> doubles() const;
  /// The values of a column of 64-bit integers.
  std::span<const std::int64_t> int64s() const;
  /// The values of a column of categories, as indices into `column().categories()`.
  std::span<const std::int32_t> categories() const;
  /// The values of a column of booleans.
  std::span<const bool> bools() const;
  /// The values of a column of strings, as `std::string_view`.
  StringRange strings() const;
  /// The values of a column of dates.
  DateRange dates() const;
  /// The values of a column of timestamps where `column().utc()` is true.
  InstantRange instants() const;
  /// The values of a column of timestamps where `column().utc()` is false.
  LocalTimeRange local_times() const;

  /// One per value, false where it is missing. Empty: no value is missing.
  std::span<const bool> validity() const;

  /// The value of a row, from 0 to `size() - 1`, counted within the batch.
  Value operator[](std::size_t row) const;

 private:
  void require(v1::ColumnType type) const;
  void require_timestamps(bool utc) const;

  const v1::Column* column_;
  const v1::ColumnValues* values_;
  std::size_t size_;
};

}  // namespace synthserve
