#include "schema_parts.h"

#include <cstdint>
#include <string>
#include <utility>

#include "faults.h"

namespace synthserve::detail {

namespace {

template <typename Message>
using Repeated = google::protobuf::RepeatedPtrField<Message>;

std::string name_of(const v1::Column& column) {
  return "column '" + column.name() + "'";
}

std::string name_of(const v1::ConditionSpec& condition) {
  return "condition '" + condition.column() + "'";
}

/// @param described The columns or conditions that the parts refer to by index.
template <typename Described>
int append(Repeated<Described>& described, Repeated<v1::CategoryPart>& parts) {
  int count = 0;
  for (auto& part : parts) {
    if (part.index() < 0 || part.index() >= described.size()) {
      throw protocol_error("a part of the schema has categories for an index that does not exist: " +
                           std::to_string(part.index()));
    }
    auto& target = described[part.index()];
    if (std::int64_t{target.categories_size()} + part.categories_size() > target.category_count()) {
      throw protocol_error("a part of the schema has too many categories of " + name_of(target));
    }
    for (auto& category : *part.mutable_categories()) {
      *target.add_categories() = std::move(category);
    }
    count += part.categories_size();
  }
  return count;
}

/// @param others Whether the list may be empty because the categories are those of a column.
template <typename Described>
void require_whole(const Described& described, bool others) {
  // A server of format 1 gives no count.
  const bool counted = described.category_count() != 0;
  const bool elsewhere = others && described.categories().empty();
  if (counted && !elsewhere && described.categories_size() != described.category_count()) {
    throw protocol_error(name_of(described) + " has " + std::to_string(described.categories_size()) + " of " +
                         std::to_string(described.category_count()) + " categories");
  }
}

void require_whole(const v1::TableSchema& schema) {
  for (const auto& column : schema.columns()) {
    require_whole(column, false);
  }
}

}  // namespace

int append(v1::RowStreamInfo& info, v1::SchemaPart part) {
  info.mutable_preamble()->append(part.preamble());
  return append(*info.mutable_schema()->mutable_columns(), *part.mutable_columns());
}

int append(v1::Model& model, v1::SchemaPart part) {
  Repeated<v1::Column> none;
  auto& columns = model.has_table() ? *model.mutable_table()->mutable_columns() : none;
  return append(columns, *part.mutable_columns()) + append(*model.mutable_conditions(), *part.mutable_conditions());
}

void require_whole(const v1::RowStreamInfo& info) {
  require_whole(info.schema());
}

void require_whole(const v1::Model& model) {
  require_whole(model.table());
  for (const auto& condition : model.conditions()) {
    // In a table a condition has the values of its column.
    require_whole(condition, model.has_table());
  }
}

}  // namespace synthserve::detail
