#include "text.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "faults.h"

namespace synthserve::detail {

namespace {

constexpr std::uint32_t kLastCodePoint = 0x10FFFF;

bool is_surrogate(std::uint32_t code) {
  return code >= 0xD800 && code <= 0xDFFF;
}

/// The number of bytes of the character that UTF-8 text begins with; 0 if it begins with none.
std::size_t character_size(std::string_view text) {
  const auto first = static_cast<std::uint8_t>(text[0]);
  if (first < 0x80) {
    return 1;
  }
  const std::size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC0 || first > 0xF7 || text.size() < size) {
    return 0;
  }
  std::uint32_t code = first & (0x7FU >> size);
  for (const char each : text.substr(1, size - 1)) {
    const auto byte = static_cast<std::uint8_t>(each);
    if ((byte & 0xC0U) != 0x80U) {
      return 0;
    }
    code = code << 6 | (byte & 0x3FU);
  }
  // The smallest code point that needs so many bytes.
  const std::uint32_t least = size == 2 ? 0x80 : size == 3 ? 0x800 : 0x10000;
  return code < least || code > kLastCodePoint || is_surrogate(code) ? 0 : size;
}

}  // namespace

bool is_utf16(std::string_view text) {
  // With its byte order mark, or as ASCII text, in which every second byte is zero.
  return text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF") ||
         (text.size() >= 2 && (text[0] == '\0') != (text[1] == '\0'));
}

void check_utf8(const std::string& field, std::string_view text) {
  for (auto rest = text; !rest.empty();) {
    const auto size = character_size(rest);
    if (size == 0) {
      throw invalid(field, "must be UTF-8 text; the byte at position " + std::to_string(text.size() - rest.size()) +
                               " begins no character");
    }
    rest.remove_prefix(size);
  }
}

}  // namespace synthserve::detail
