#pragma once

#include "synthserve/v1/generation.pb.h"
#include "synthserve/v1/model.pb.h"

namespace synthserve::detail {

/// Appends a part of a schema that is too large for one message to the parts before it.
///
/// @return The number of categories in the part.
/// @throws Error (`internal`) The part has categories for an unknown column or condition, or too many.
int append(v1::RowStreamInfo& info, v1::SchemaPart part);
int append(v1::Model& model, v1::SchemaPart part);

/// @throws Error (`internal`) Categories are missing, or there are too many.
void require_whole(const v1::RowStreamInfo& info);
void require_whole(const v1::Model& model);

}  // namespace synthserve::detail
