#include "describe.h"

#include <map>
#include <string>

namespace conformance {

namespace {

using nlohmann::json;

std::string type_name(const synthserve::v1::Column& column) {
  static const std::map<synthserve::v1::ColumnType, std::string> kNames = {
      {synthserve::v1::COLUMN_TYPE_DOUBLE, "double"},      {synthserve::v1::COLUMN_TYPE_INT64, "int64"},
      {synthserve::v1::COLUMN_TYPE_CATEGORY, "category"},  {synthserve::v1::COLUMN_TYPE_BOOL, "bool"},
      {synthserve::v1::COLUMN_TYPE_STRING, "string"},      {synthserve::v1::COLUMN_TYPE_DATE, "date"},
      {synthserve::v1::COLUMN_TYPE_TIMESTAMP, "timestamp"}};
  const auto name = kNames.find(column.type());
  return (name == kNames.end() ? "unknown" : name->second) + (column.utc() ? "_utc" : "");
}

std::string kind_name(const synthserve::v1::ConditionSpec& condition) {
  switch (condition.kind()) {
    case synthserve::v1::CONDITION_KIND_UNSPECIFIED:
    case synthserve::v1::CONDITION_KIND_CODE:
      return "code";
    case synthserve::v1::CONDITION_KIND_SET:
      return "set";
    case synthserve::v1::CONDITION_KIND_RANGE:
      return "range";
    default:
      return "unknown";
  }
}

/// The results of a function for each element.
template <typename Items, typename Function>
json of_each(const Items& items, Function&& function) {
  auto said = json::array();
  for (const auto& item : items) {
    said.push_back(function(item));
  }
  return said;
}

}  // namespace

json describe(const synthserve::v1::Model& model) {
  const auto& columns = model.table().columns();
  const auto& conditions = model.conditions();
  return {{"model", model.version()},
          {"columns", of_each(columns, [](const auto& column) { return column.name(); })},
          {"types", of_each(columns, type_name)},
          {"category_counts", of_each(columns, [](const auto& column) { return column.categories_size(); })},
          {"conditions", of_each(conditions, [](const auto& condition) { return condition.column(); })},
          {"condition_kinds", of_each(conditions, kind_name)},
          {"graph_sha256", model.graph_sha256()}};
}

}  // namespace conformance
