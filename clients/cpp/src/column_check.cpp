#include "column_check.h"

#include <algorithm>
#include <string>

#include "calendar_range.h"
#include "faults.h"
#include "synthserve/columns.h"
#include "text.h"

namespace synthserve::detail {

namespace {

Error column_error(const v1::Column& column, const std::string& what) {
  return protocol_error("column '" + column.name() + "' " + what);
}

/// The number of values; -1 where they are not of the column's type.
int value_count(const v1::Column& column, const v1::ColumnValues& values) {
  switch (column.type()) {
    case v1::COLUMN_TYPE_DOUBLE:
      return values.has_doubles() ? values.doubles().values_size() : -1;
    case v1::COLUMN_TYPE_INT64:
      return values.has_int64s() ? values.int64s().values_size() : -1;
    case v1::COLUMN_TYPE_CATEGORY:
      return values.has_categories() ? values.categories().codes_size() : -1;
    case v1::COLUMN_TYPE_BOOL:
      return values.has_bools() ? values.bools().values_size() : -1;
    case v1::COLUMN_TYPE_STRING:
      return values.has_strings() ? values.strings().offsets_size() - 1 : -1;
    case v1::COLUMN_TYPE_DATE:
      return values.has_dates() ? values.dates().days_size() : -1;
    case v1::COLUMN_TYPE_TIMESTAMP:
      return values.has_timestamps() ? values.timestamps().microseconds_size() : -1;
    default:
      throw column_error(column, "has a type that this version of the client does not know");
  }
}

void check_count(const v1::Column& column, const v1::ColumnValues& values, std::size_t rows) {
  const int count = value_count(column, values);
  if (count < 0) {
    throw column_error(column, "has values that are not of its type");
  }
  const auto validity = static_cast<std::size_t>(values.validity_size());
  if (static_cast<std::size_t>(count) != rows || (validity != 0 && validity != rows)) {
    throw column_error(column, "does not have a value for each row");
  }
}

void check_offsets(const v1::Column& column, const v1::StringValues& strings) {
  const auto& offsets = strings.offsets();
  if (*offsets.begin() != 0 || !std::is_sorted(offsets.begin(), offsets.end()) ||
      static_cast<std::size_t>(*offsets.rbegin()) != strings.data().size()) {
    throw column_error(column, "has offsets that do not divide its text");
  }
}

/// Checks each value that is not missing.
template <typename Values, typename Allowed>
void check_each(const ColumnView& view, const Values& values, Allowed allowed, const char* fault) {
  const auto validity = view.validity();
  std::size_t row = 0;
  for (const auto& value : values) {
    if (!allowed(value) && (validity.empty() || validity[row])) {
      throw column_error(view.column(), fault);
    }
    ++row;
  }
}

}  // namespace

void check_column(const v1::Column& column, const v1::ColumnValues& values, std::size_t rows) {
  check_count(column, values, rows);
  const ColumnView view(column, values, rows);
  const auto in_calendar = [](auto value) { return is_in_calendar(value); };
  switch (column.type()) {
    case v1::COLUMN_TYPE_CATEGORY: {
      // As an unsigned number a negative code is too large as well.
      const auto known = [limit = static_cast<std::uint32_t>(column.categories_size())](std::int32_t code) {
        return static_cast<std::uint32_t>(code) < limit;
      };
      check_each(view, view.categories(), known, "has a code outside its categories");
      break;
    }
    case v1::COLUMN_TYPE_STRING:
      check_offsets(column, values.strings());
      check_each(view, view.strings(), is_utf8, "has a text that is not UTF-8");
      break;
    case v1::COLUMN_TYPE_DATE:
      check_each(view, view.dates(), in_calendar, "has a date outside the years 1 to 9999");
      break;
    case v1::COLUMN_TYPE_TIMESTAMP: {
      constexpr auto* kFault = "has a timestamp outside the years 1 to 9999";
      if (column.utc()) {
        check_each(view, view.instants(), in_calendar, kFault);
      } else {
        check_each(view, view.local_times(), in_calendar, kFault);
      }
      break;
    }
    default:
      break;
  }
}

}  // namespace synthserve::detail
