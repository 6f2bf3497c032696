#include "synthserve/columns.h"

#include <stdexcept>
#include <string>

namespace synthserve {

namespace {

template <typename Repeated>
auto span_of(const Repeated& values) {
  return std::span(values.data(), static_cast<std::size_t>(values.size()));
}

}  // namespace

std::span<const double> ColumnView::doubles() const {
  require(v1::COLUMN_TYPE_DOUBLE);
  return span_of(values_->doubles().values());
}

std::span<const std::int64_t> ColumnView::int64s() const {
  require(v1::COLUMN_TYPE_INT64);
  return span_of(values_->int64s().values());
}

std::span<const std::int32_t> ColumnView::categories() const {
  require(v1::COLUMN_TYPE_CATEGORY);
  return span_of(values_->categories().codes());
}

std::span<const bool> ColumnView::bools() const {
  require(v1::COLUMN_TYPE_BOOL);
  return span_of(values_->bools().values());
}

StringRange ColumnView::strings() const {
  require(v1::COLUMN_TYPE_STRING);
  const auto& strings = values_->strings();
  return {std::ranges::iota_view(0, static_cast<int>(size_)), {strings.offsets().data(), strings.data().data()}};
}

DateRange ColumnView::dates() const {
  require(v1::COLUMN_TYPE_DATE);
  return {span_of(values_->dates().days()), {}};
}

InstantRange ColumnView::instants() const {
  require_timestamps(true);
  return {span_of(values_->timestamps().microseconds()), {}};
}

LocalTimeRange ColumnView::local_times() const {
  require_timestamps(false);
  return {span_of(values_->timestamps().microseconds()), {}};
}

std::span<const bool> ColumnView::validity() const {
  return span_of(values_->validity());
}

Value ColumnView::operator[](std::size_t row) const {
  const auto at = static_cast<int>(row);
  if (values_->validity_size() > 0 && !values_->validity(at)) {
    return std::monostate{};
  }
  switch (column_->type()) {
    case v1::COLUMN_TYPE_DOUBLE:
      return doubles()[row];
    case v1::COLUMN_TYPE_INT64:
      return int64s()[row];
    case v1::COLUMN_TYPE_CATEGORY:
      return std::string_view(column_->categories(categories()[row]));
    case v1::COLUMN_TYPE_STRING:
      return strings()[at];
    case v1::COLUMN_TYPE_DATE:
      return dates()[at];
    case v1::COLUMN_TYPE_TIMESTAMP:
      return column_->utc() ? Value(instants()[at]) : Value(local_times()[at]);
    default:
      return bools()[row];
  }
}

void ColumnView::require(v1::ColumnType type) const {
  if (column_->type() != type) {
    throw std::logic_error("column '" + column_->name() + "' is a " + v1::ColumnType_Name(column_->type()) +
                           ", not a " + v1::ColumnType_Name(type));
  }
}

void ColumnView::require_timestamps(bool utc) const {
  require(v1::COLUMN_TYPE_TIMESTAMP);
  if (column_->utc() != utc) {
    throw std::logic_error(
        "column '" + column_->name() +
        (utc ? "' has timestamps without a time zone: use local_times()" : "' has timestamps in UTC: use instants()"));
  }
}

}  // namespace synthserve
