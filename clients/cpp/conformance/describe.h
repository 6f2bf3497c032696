#pragma once

#include <synthserve/client.h>

#include <nlohmann/json.hpp>

namespace conformance {

/// The description of a model for the result of a case.
nlohmann::json describe(const synthserve::v1::Model& model);

}  // namespace conformance
