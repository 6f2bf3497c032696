#pragma once

#include <memory>
#include <string_view>

#include "synthserve/images.h"
#include "synthserve/options.h"
#include "synthserve/rows.h"

namespace synthserve::detail {

class Caller;

std::unique_ptr<Source<RowBatch, v1::RowStreamInfo>> row_source(std::shared_ptr<const Caller> caller,
                                                                std::string_view model, const RowOptions& options);

std::unique_ptr<Source<RowChunk, v1::RowStreamInfo>> chunk_source(std::shared_ptr<const Caller> caller,
                                                                  std::string_view model, RowFormat format,
                                                                  const RowOptions& options);

std::unique_ptr<Source<Image, v1::ImageStreamInfo>> image_source(std::shared_ptr<const Caller> caller,
                                                                 std::string_view model, const ImageOptions& options);

}  // namespace synthserve::detail
