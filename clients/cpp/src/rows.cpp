#include "synthserve/rows.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "faults.h"

namespace synthserve {

namespace {

template <typename Repeated>
auto span_of(const Repeated& values) {
  return std::span(values.data(), static_cast<std::size_t>(values.size()));
}

std::size_t value_count(const v1::ColumnValues& values, v1::ColumnType type) {
  using Values = v1::ColumnValues;
  const auto is = [&](Values::ValuesCase held, v1::ColumnType wanted) {
    return values.values_case() == held && type == wanted;
  };
  int count = -1;
  if (is(Values::kDoubles, v1::COLUMN_TYPE_DOUBLE)) {
    count = values.doubles().values_size();
  } else if (is(Values::kInt64S, v1::COLUMN_TYPE_INT64)) {
    count = values.int64s().values_size();
  } else if (is(Values::kCategories, v1::COLUMN_TYPE_CATEGORY)) {
    count = values.categories().codes_size();
  } else if (is(Values::kBools, v1::COLUMN_TYPE_BOOL)) {
    count = values.bools().values_size();
  }
  if (count < 0) {
    throw detail::protocol_error("the values of a column are not of its type");
  }
  return static_cast<std::size_t>(count);
}

void check_codes(const ColumnView& view) {
  const auto codes = view.categories();
  const auto validity = view.validity();
  const auto limit = static_cast<std::uint32_t>(view.column().categories_size());
  for (std::size_t row = 0; row < codes.size(); ++row) {
    // As an unsigned number a negative code is too large as well. What stands for a missing value means nothing.
    if (static_cast<std::uint32_t>(codes[row]) >= limit && (validity.empty() || validity[row])) {
      throw detail::protocol_error("a code of column '" + view.column().name() + "' is outside its categories");
    }
  }
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
      return values_->doubles().values(at);
    case v1::COLUMN_TYPE_INT64:
      return std::int64_t{values_->int64s().values(at)};
    case v1::COLUMN_TYPE_CATEGORY:
      return std::string_view(column_->categories(values_->categories().codes(at)));
    default:
      return values_->bools().values(at);
  }
}

void ColumnView::require(v1::ColumnType type) const {
  if (column_->type() != type) {
    throw std::logic_error("column '" + column_->name() + "' is a " + v1::ColumnType_Name(column_->type()) +
                           ", not a " + v1::ColumnType_Name(type));
  }
}

std::int64_t Row::index() const {
  return batch_->first_index() + static_cast<std::int64_t>(row_);
}

std::size_t Row::size() const {
  return batch_->column_count();
}

Value Row::operator[](std::size_t column) const {
  return batch_->column(column)[row_];
}

Value Row::operator[](std::string_view column) const {
  return batch_->column(column)[row_];
}

RowBatch::RowBatch(std::shared_ptr<const v1::RowStreamInfo> info, v1::GenerateRowsResponse response)
    : info_(std::move(info)), response_(std::move(response)) {
  check();
}

void RowBatch::check() const {
  const auto& columns = response_.columns().columns();
  if (columns.size() != schema().columns_size()) {
    throw detail::protocol_error("expected " + std::to_string(schema().columns_size()) + " columns, got " +
                                 std::to_string(columns.size()));
  }
  for (std::size_t i = 0; i < column_count(); ++i) {
    const auto view = column(i);
    const auto& values = columns[static_cast<int>(i)];
    const auto validity = view.validity();
    if (value_count(values, view.column().type()) != size() || (!validity.empty() && validity.size() != size())) {
      throw detail::protocol_error("column '" + view.column().name() + "' does not have a value for each row");
    }
    if (view.column().type() == v1::COLUMN_TYPE_CATEGORY) {
      check_codes(view);
    }
  }
}

ColumnView RowBatch::column(std::size_t column) const {
  const auto at = static_cast<int>(column);
  return {schema().columns(at), response_.columns().columns(at), size()};
}

std::size_t RowBatch::position(std::string_view name) const {
  const auto& columns = schema().columns();
  const auto found =
      std::find_if(columns.begin(), columns.end(), [&](const auto& each) { return each.name() == name; });
  if (found == columns.end()) {
    throw std::out_of_range("there is no column '" + std::string(name) + "'");
  }
  return static_cast<std::size_t>(found - columns.begin());
}

RowRange RowStream::by_row() & {
  return RowRange(*this);
}

RowRange::Iterator RowRange::begin() {
  row_ = 0;
  batch_ = stream_->next();
  return Iterator(*this);
}

void RowRange::advance() {
  if (++row_ == batch_->size()) {
    row_ = 0;
    batch_ = stream_->next();
  }
}

}  // namespace synthserve
