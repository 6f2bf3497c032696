#pragma once

#include <cstdint>
#include <string>

#include "synthserve/stream.h"
#include "synthserve/v1/generation.pb.h"

namespace synthserve {

/// One image.
struct Image {
  /// Its index.
  std::int64_t index = 0;
  /// The bytes, in the format asked for.
  std::string data;
};

/// A stream of images: `for (const auto& image : stream)`.
using ImageStream = Stream<Image, v1::ImageStreamInfo>;

}  // namespace synthserve
