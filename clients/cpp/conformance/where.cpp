#include "where.h"

#include <optional>
#include <utility>
#include <vector>

namespace conformance {

namespace {

using nlohmann::json;
using synthserve::Condition;
using synthserve::ConditionValue;

std::optional<ConditionValue> value(const json& described) {
  return described.is_null() ? std::nullopt : std::optional<ConditionValue>(described.get<std::string>());
}

Condition condition(const json& described) {
  if (described.is_null()) {
    return Condition::missing();
  }
  if (described.is_array()) {
    std::vector<std::optional<ConditionValue>> values;
    for (const auto& each : described) {
      values.push_back(value(each));
    }
    return Condition::any_of(std::move(values));
  }
  if (described.is_object()) {
    return described.contains("missing")
               ? Condition::present()
               : Condition::between(value(described.value("low", json())), value(described.value("high", json())));
  }
  return described.get<std::string>();
}

}  // namespace

std::map<std::string, Condition> where(const json& described) {
  std::map<std::string, Condition> conditions;
  for (const auto& [column, each] : described.items()) {
    conditions.emplace(column, condition(each));
  }
  return conditions;
}

}  // namespace conformance
