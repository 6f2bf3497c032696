#pragma once

#include <string>

#include "synthserve/condition.h"
#include "synthserve/v1/generation.pb.h"

namespace synthserve::detail {

/// The message for a condition.
///
/// @param column The column, or the name of a condition on images.
/// @throws Error (`invalid_argument`) It cannot be sent. The field is `conditions[COLUMN]`, or `conditions` where the
///     column's name is not allowed.
v1::Condition on_wire(const std::string& column, const Condition& condition);

}  // namespace synthserve::detail
