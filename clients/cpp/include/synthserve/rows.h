#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "synthserve/columns.h"
#include "synthserve/stream.h"
#include "synthserve/v1/generation.pb.h"

namespace synthserve {

class RowBatch;

/// One row of a batch. It lives as long as the batch.
class Row {
 public:
  Row(const RowBatch& batch, std::size_t row) : batch_(&batch), row_(row) {}

  /// The index of the row.
  std::int64_t index() const;
  /// The number of columns.
  std::size_t size() const;
  /// The value of a column, from 0 to `size() - 1`.
  Value operator[](std::size_t column) const;
  /// The value of a column.
  ///
  /// @throws std::out_of_range There is no such column.
  Value operator[](std::string_view column) const;

 private:
  const RowBatch* batch_;
  std::size_t row_;
};

/// The rows of one message as typed columns.
class RowBatch {
 public:
  /// @param info The model version, seed and schema of the stream.
  /// @param response The message.
  /// @throws Error The columns do not fit the schema or the number of rows.
  RowBatch(std::shared_ptr<const v1::RowStreamInfo> info, v1::GenerateRowsResponse response);

  /// The index of the first row.
  std::int64_t first_index() const { return response_.first_index(); }
  /// The number of rows, at least 1 where the batch is from a stream.
  std::size_t size() const { return static_cast<std::size_t>(response_.row_count()); }
  /// The description of the columns.
  const v1::TableSchema& schema() const { return info_->schema(); }

  /// The number of columns.
  std::size_t column_count() const { return static_cast<std::size_t>(schema().columns_size()); }
  /// A column, from 0 to `column_count() - 1`.
  ColumnView column(std::size_t column) const;
  /// A column.
  ///
  /// @throws std::out_of_range There is no such column.
  ColumnView column(std::string_view name) const { return column(position(name)); }

  /// A row, from 0 to `size() - 1`, counted within the batch.
  Row operator[](std::size_t row) const { return {*this, row}; }

  /// The position of a column in the schema.
  ///
  /// @throws std::out_of_range There is no such column.
  std::size_t position(std::string_view name) const;

 private:
  std::shared_ptr<const v1::RowStreamInfo> info_;
  v1::GenerateRowsResponse response_;
};

class RowRange;

/// A stream of batches of rows: `for (const auto& batch : stream)`.
class RowStream : public Stream<RowBatch, v1::RowStreamInfo> {
 public:
  using Stream::Stream;

  /// The rows one by one: `for (const auto row : stream.by_row())`. A row is valid until the iterator advances.
  RowRange by_row() &;
  // The rows of a temporary would outlive it in a range-for.
  RowRange by_row() && = delete;
};

/// The rows of a stream, an input range.
class RowRange {
 public:
  class Iterator;

  explicit RowRange(RowStream& stream) : stream_(&stream) {}

  Iterator begin();
  std::default_sentinel_t end() const noexcept { return {}; }

 private:
  void advance();

  RowStream* stream_;
  std::optional<RowBatch> batch_;
  std::size_t row_ = 0;
};

/// Points to a row of a stream.
class RowRange::Iterator {
 public:
  using iterator_concept = std::input_iterator_tag;
  using value_type = Row;
  using difference_type = std::ptrdiff_t;

  explicit Iterator(RowRange& range) : range_(&range) {}

  Row operator*() const { return (*range_->batch_)[range_->row_]; }
  Iterator& operator++() {
    range_->advance();
    return *this;
  }
  void operator++(int) { ++*this; }
  bool operator==(std::default_sentinel_t) const { return !range_->batch_.has_value(); }

 private:
  RowRange* range_;
};

/// A piece of a file of encoded rows. The chunks of a stream, written one after the other, are a valid file.
struct RowChunk {
  /// The index of the first row.
  std::int64_t first_index = 0;
  /// The number of rows: 0 where it has only the beginning of the file.
  std::int64_t row_count = 0;
  /// The bytes.
  std::string data;
};

/// A stream of chunks of a file of rows.
using EncodedRowStream = Stream<RowChunk, v1::RowStreamInfo>;

}  // namespace synthserve
