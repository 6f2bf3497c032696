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
  // The smallest code point that needs this number of bytes.
  const std::uint32_t least = size == 2 ? 0x80 : size == 3 ? 0x800 : 0x10000;
  return code < least || code > kLastCodePoint || is_surrogate(code) ? 0 : size;
}

/// The length of the longest prefix of a text that is UTF-8.
std::size_t utf8_size(std::string_view text) {
  std::size_t size = 0;
  while (size < text.size()) {
    const auto next = character_size(text.substr(size));
    if (next == 0) {
      break;
    }
    size += next;
  }
  return size;
}

}  // namespace

bool is_utf16(std::string_view text) {
  // With its byte order mark, or as ASCII text, in which every second byte is zero.
  return text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF") ||
         (text.size() >= 2 && (text[0] == '\0') != (text[1] == '\0'));
}

bool is_utf8(std::string_view text) {
  return utf8_size(text) == text.size();
}

void check_utf8(const std::string& field, std::string_view text) {
  if (const auto size = utf8_size(text); size < text.size()) {
    throw invalid(field,
                  "must be UTF-8 text; the byte at position " + std::to_string(size) + " starts no valid character");
  }
}

}  // namespace synthserve::detail
