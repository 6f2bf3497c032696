#pragma once

#include <synthserve/condition.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>

namespace conformance {

/// The conditions of a case, as tests/conformance/README.md writes them.
std::map<std::string, synthserve::Condition> where(const nlohmann::json& described);

}  // namespace conformance
