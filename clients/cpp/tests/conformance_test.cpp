#include <gtest/gtest.h>

#include <memory>

#include "describe.h"
#include "digests.h"
#include "where.h"

namespace conformance {
namespace {

using nlohmann::json;
using synthserve::Condition;

TEST(Where, HasEachFormOfACondition) {
  const auto conditions = where(json::parse(
      R"({"a": "x", "b": ["x", null], "c": {"low": "1"}, "d": {"low": "1", "high": "2"}, "e": null, "f": {"missing": false}})"));
  EXPECT_EQ(std::get<std::string>(std::get<Condition::Equals>(conditions.at("a").test()).value.held()), "x");
  const auto& any = std::get<Condition::AnyOf>(conditions.at("b").test()).values;
  ASSERT_EQ(any.size(), 2U);
  EXPECT_TRUE(any[0]);
  EXPECT_FALSE(any[1]);
  const auto& from = std::get<Condition::Between>(conditions.at("c").test());
  EXPECT_TRUE(from.low);
  EXPECT_FALSE(from.high);
  EXPECT_TRUE(std::get<Condition::Between>(conditions.at("d").test()).high);
  EXPECT_TRUE(std::get<Condition::Missing>(conditions.at("e").test()).missing);
  EXPECT_FALSE(std::get<Condition::Missing>(conditions.at("f").test()).missing);
}

TEST(Describe, SaysWhatAModelIs) {
  synthserve::v1::Model model;
  model.set_version("models/m/versions/1");
  const auto add = [&](const std::string& name, synthserve::v1::ColumnType type) {
    auto* column = model.mutable_table()->add_columns();
    column->set_name(name);
    column->set_type(type);
    return column;
  };
  add("city", synthserve::v1::COLUMN_TYPE_CATEGORY)->add_categories("Oslo");
  add("day", synthserve::v1::COLUMN_TYPE_DATE);
  add("seen", synthserve::v1::COLUMN_TYPE_TIMESTAMP)->set_utc(true);
  add("at", synthserve::v1::COLUMN_TYPE_TIMESTAMP);
  add("new", static_cast<synthserve::v1::ColumnType>(99));
  for (const auto kind : {synthserve::v1::CONDITION_KIND_UNSPECIFIED, synthserve::v1::CONDITION_KIND_CODE,
                          synthserve::v1::CONDITION_KIND_SET, synthserve::v1::CONDITION_KIND_RANGE}) {
    auto& condition = *model.add_conditions();
    condition.set_column("c");
    condition.set_kind(kind);
  }
  EXPECT_EQ(describe(model), json::parse(R"({
    "model": "models/m/versions/1",
    "columns": ["city", "day", "seen", "at", "new"],
    "types": ["category", "date", "timestamp_utc", "timestamp", "unknown"],
    "category_counts": [1, 0, 0, 0, 0],
    "conditions": ["c", "c", "c", "c"],
    "condition_kinds": ["code", "code", "set", "range"],
    "graph_sha256": ""})"));
}

TEST(ColumnsDigest, HashesTextsDatesAndTimes) {
  auto info = std::make_shared<synthserve::v1::RowStreamInfo>();
  for (const auto type : {synthserve::v1::COLUMN_TYPE_STRING, synthserve::v1::COLUMN_TYPE_DATE,
                          synthserve::v1::COLUMN_TYPE_TIMESTAMP, synthserve::v1::COLUMN_TYPE_TIMESTAMP}) {
    info->mutable_schema()->add_columns()->set_type(type);
  }
  info->mutable_schema()->mutable_columns(3)->set_utc(true);
  synthserve::v1::GenerateRowsResponse response;
  response.set_row_count(2);
  auto& columns = *response.mutable_columns();
  auto& text = *columns.add_columns();
  for (const auto offset : {0, 2, 2}) {
    text.mutable_strings()->add_offsets(offset);
  }
  text.mutable_strings()->set_data("hi");
  text.add_validity(true);
  text.add_validity(false);
  auto& days = *columns.add_columns()->mutable_dates();
  days.add_days(1);
  days.add_days(-1);
  for (int i = 0; i < 2; ++i) {
    auto& times = *columns.add_columns()->mutable_timestamps();
    times.add_microseconds(2);
    times.add_microseconds(-2);
  }
  ColumnsDigest digest(info->schema());
  digest.add({info, response});

  const auto sha256 = [](std::string_view bytes) {
    Sha256 hash;
    hash.add(bytes);
    return hash.finish();
  };
  using namespace std::string_view_literals;
  const auto times = sha256("\1\2\0\0\0\0\0\0\0\1\xFE\xFF\xFF\xFF\xFF\xFF\xFF\xFF"sv);
  EXPECT_EQ(digest.finish(),
            sha256(sha256("\1\2\0\0\0hi\0"sv) + sha256("\1\1\0\0\0\1\xFF\xFF\xFF\xFF"sv) + times + times));
}

}  // namespace
}  // namespace conformance
