#include "pixels.h"

#include <png.h>

#include <stdexcept>

namespace conformance {

std::string pixels(const std::string& png) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  if (png_image_begin_read_from_memory(&image, png.data(), png.size()) == 0) {
    throw std::runtime_error(image.message);
  }
  image.format = (image.format & PNG_FORMAT_FLAG_COLOR) != 0 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
  std::string bytes(PNG_IMAGE_SIZE(image), '\0');
  if (png_image_finish_read(&image, nullptr, bytes.data(), 0, nullptr) == 0) {
    throw std::runtime_error(image.message);
  }
  return bytes;
}

}  // namespace conformance
