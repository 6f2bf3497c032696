#include "synthserve/rows.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "column_check.h"
#include "faults.h"

namespace synthserve {

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
  const auto& columns = response_.columns().columns();
  if (columns.size() != schema().columns_size()) {
    throw detail::protocol_error("expected " + std::to_string(schema().columns_size()) + " columns, got " +
                                 std::to_string(columns.size()));
  }
  for (int i = 0; i < columns.size(); ++i) {
    detail::check_column(schema().columns(i), columns[i], size());
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
