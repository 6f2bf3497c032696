#include <synthserve/rows.h>

#include <iterator>
#include <limits>
#include <ranges>
#include <utility>
#include <vector>

#include "thrown.h"

namespace synthserve {
namespace {

static_assert(std::ranges::input_range<RowStream>);
static_assert(std::ranges::input_range<EncodedRowStream>);
static_assert(std::ranges::input_range<RowRange>);

v1::Column& add_column(v1::RowStreamInfo& info, const std::string& name, v1::ColumnType type) {
  auto& column = *info.mutable_schema()->add_columns();
  column.set_name(name);
  column.set_type(type);
  return column;
}

std::shared_ptr<v1::RowStreamInfo> four_columns() {
  auto info = std::make_shared<v1::RowStreamInfo>();
  add_column(*info, "height", v1::COLUMN_TYPE_DOUBLE);
  add_column(*info, "id", v1::COLUMN_TYPE_INT64);
  auto& city = add_column(*info, "city", v1::COLUMN_TYPE_CATEGORY);
  city.add_categories("Oslo");
  city.add_categories("\u6771\u4eac");
  add_column(*info, "open", v1::COLUMN_TYPE_BOOL);
  return info;
}

v1::GenerateRowsResponse two_rows(std::int64_t first_index = 0) {
  v1::GenerateRowsResponse response;
  response.set_first_index(first_index);
  response.set_row_count(2);
  auto& columns = *response.mutable_columns();
  auto& doubles = *columns.add_columns()->mutable_doubles();
  doubles.add_values(1.5);
  doubles.add_values(-0.25);
  auto& int64s = *columns.add_columns()->mutable_int64s();
  int64s.add_values(std::numeric_limits<std::int64_t>::max());
  int64s.add_values(std::numeric_limits<std::int64_t>::min());
  auto& codes = *columns.add_columns()->mutable_categories();
  codes.add_codes(1);
  codes.add_codes(77);
  columns.mutable_columns(2)->add_validity(true);
  columns.mutable_columns(2)->add_validity(false);
  auto& bools = *columns.add_columns()->mutable_bools();
  bools.add_values(false);
  bools.add_values(true);
  return response;
}

TEST(RowBatch, HasTypedColumns) {
  const RowBatch batch(four_columns(), two_rows(40));
  EXPECT_EQ(batch.first_index(), 40);
  EXPECT_EQ(batch.size(), 2U);
  EXPECT_EQ(batch.column_count(), 4U);
  EXPECT_EQ(batch.column("height").doubles()[1], -0.25);
  EXPECT_EQ(batch.column("id").int64s()[0], std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(batch.column(2).categories()[0], 1);
  EXPECT_FALSE(batch.column(2).validity()[1]);
  EXPECT_TRUE(batch.column(1).validity().empty());
  EXPECT_TRUE(batch.column(3).bools()[1]);
}

TEST(RowBatch, HasRows) {
  const RowBatch batch(four_columns(), two_rows(40));
  const auto first = batch[0];
  const auto second = batch[1];
  EXPECT_EQ(second.index(), 41);
  EXPECT_EQ(second.size(), 4U);
  EXPECT_EQ(first["height"], Value(1.5));
  EXPECT_EQ(second["id"], Value(std::numeric_limits<std::int64_t>::min()));
  EXPECT_EQ(first["city"], Value(std::string_view("\u6771\u4eac")));
  EXPECT_EQ(second["city"], Value());
  EXPECT_EQ(first[3], Value(false));
  EXPECT_THROW(first["width"], std::out_of_range);
}

TEST(RowBatch, ValuesOfAnotherTypeAreRefused) {
  const RowBatch batch(four_columns(), two_rows());
  EXPECT_THROW(batch.column("id").doubles(), std::logic_error);
  EXPECT_THROW(batch.column("height").int64s(), std::logic_error);
  EXPECT_THROW(batch.column("open").categories(), std::logic_error);
  EXPECT_THROW(batch.column("city").bools(), std::logic_error);
}

TEST(RowBatch, ColumnsMustFitTheSchema) {
  const auto refused = [](auto&& change) {
    auto response = two_rows();
    change(response);
    return thrown_code([&] { RowBatch(four_columns(), std::move(response)); });
  };
  const auto column = [](v1::GenerateRowsResponse& response, int i) -> v1::ColumnValues& {
    return *response.mutable_columns()->mutable_columns(i);
  };
  EXPECT_EQ(refused([&](auto& r) { r.mutable_columns()->mutable_columns()->RemoveLast(); }), Code::internal);
  EXPECT_EQ(refused([&](auto& r) { r.set_data("a,b"); }), Code::internal);
  EXPECT_EQ(refused([&](auto& r) { r.set_row_count(3); }), Code::internal);
  EXPECT_EQ(refused([&](auto& r) { column(r, 0).mutable_doubles()->add_values(1); }), Code::internal);
  EXPECT_EQ(refused([&](auto& r) { column(r, 0).mutable_bools()->add_values(true); }), Code::internal);
  EXPECT_EQ(refused([&](auto& r) { column(r, 1).clear_values(); }), Code::internal);
  EXPECT_EQ(refused([&](auto& r) { column(r, 3).add_validity(true); }), Code::internal);
  EXPECT_EQ(refused([&](auto& r) { column(r, 2).clear_validity(); }), Code::internal);
  EXPECT_EQ(refused([&](auto& r) { column(r, 2).mutable_categories()->set_codes(0, -1); }), Code::internal);
  EXPECT_EQ(refused([&](auto& r) { column(r, 2).mutable_categories()->set_codes(0, 2); }), Code::internal);
}

/// A source of prepared batches.
class ListedBatches final : public Source<RowBatch, v1::RowStreamInfo> {
 public:
  explicit ListedBatches(int batches) {
    for (int i = 0; i < batches; ++i) {
      batches_.emplace_back(info_, two_rows(std::int64_t{2} * i));
    }
  }
  std::optional<RowBatch> next() override {
    return position_ < batches_.size() ? std::optional(batches_[position_++]) : std::nullopt;
  }
  const v1::RowStreamInfo& info() override { return *info_; }
  void cancel() noexcept override {}

 private:
  std::shared_ptr<v1::RowStreamInfo> info_ = four_columns();
  std::vector<RowBatch> batches_;
  std::size_t position_ = 0;
};

TEST(RowStream, GivesRowsOneByOne) {
  for (const int batches : {0, 1, 3}) {
    RowStream stream(std::make_unique<ListedBatches>(batches));
    std::vector<std::int64_t> indices;
    for (const auto row : stream.by_row()) {
      indices.push_back(row.index());
      EXPECT_EQ(row["open"], Value(row.index() % 2 == 1));
    }
    ASSERT_EQ(indices.size(), 2U * static_cast<std::size_t>(batches));
    for (std::size_t i = 0; i < indices.size(); ++i) {
      EXPECT_EQ(indices[i], static_cast<std::int64_t>(i));
    }
  }
}

TEST(RowStream, IsARangeOfBatches) {
  RowStream stream(std::make_unique<ListedBatches>(3));
  std::size_t rows = 0;
  for (const auto& batch : stream) {
    rows += batch.size();
  }
  EXPECT_EQ(rows, 6U);
  EXPECT_EQ(stream.next(), std::nullopt);
}

}  // namespace
}  // namespace synthserve
