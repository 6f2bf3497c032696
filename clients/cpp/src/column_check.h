#pragma once

#include <cstddef>

#include "synthserve/v1/generation.pb.h"

namespace synthserve::detail {

/// Checks received values of a column against the schema, so that readers need no checks.
///
/// @param rows The expected number of values.
/// @throws Error (`internal`) The values have another type or number, or a value that is not missing is not allowed in
///     the column.
void check_column(const v1::Column& column, const v1::ColumnValues& values, std::size_t rows);

}  // namespace synthserve::detail
