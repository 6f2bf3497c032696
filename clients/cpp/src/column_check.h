#pragma once

#include <cstddef>

#include "synthserve/v1/generation.pb.h"

namespace synthserve::detail {

/// Holds the values of a column that came against the schema, so that nothing has to be checked when they are read.
///
/// @param rows How many there should be.
/// @throws Error (`internal`) They are of another type or number, or a value that is not missing is not allowed in the
///     column.
void check_column(const v1::Column& column, const v1::ColumnValues& values, std::size_t rows);

}  // namespace synthserve::detail
