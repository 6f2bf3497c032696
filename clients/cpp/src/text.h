#pragma once

#include <string>
#include <string_view>

namespace synthserve::detail {

/// U+FEFF in UTF-8, which some editors put at the beginning of a file.
inline constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

/// Whether this is the beginning of UTF-16 text, which other editors write.
bool is_utf16(std::string_view text);

/// Whether text is UTF-8.
bool is_utf8(std::string_view text);

/// Refuses text that cannot be sent. gRPC would send it, and no server could read the request.
///
/// @throws Error (`invalid_argument`) It is not UTF-8. The field is named.
void check_utf8(const std::string& field, std::string_view text);

}  // namespace synthserve::detail
