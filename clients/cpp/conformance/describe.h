#pragma once

#include <synthserve/client.h>

#include <nlohmann/json.hpp>

namespace conformance {

/// What to say of a model.
nlohmann::json describe(const synthserve::v1::Model& model);

}  // namespace conformance
