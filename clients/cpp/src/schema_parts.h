#pragma once

#include "synthserve/v1/generation.pb.h"
#include "synthserve/v1/model.pb.h"

namespace synthserve::detail {

/// Appends a part of a schema that is too large for one message to what came before.
///
/// @return How many categories it brought.
/// @throws Error (`internal`) It has categories of a column or condition that there is not, or more than there are.
int append(v1::RowStreamInfo& info, v1::SchemaPart part);
int append(v1::Model& model, v1::SchemaPart part);

/// @throws Error (`internal`) Categories are missing, or are too many.
void require_whole(const v1::RowStreamInfo& info);
void require_whole(const v1::Model& model);

}  // namespace synthserve::detail
