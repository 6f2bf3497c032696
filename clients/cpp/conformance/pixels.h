#pragma once

#include <string>

namespace conformance {

/// The pixels of a PNG: rows from the top, channels last, 1 or 3 of them, 8 bits each.
std::string pixels(const std::string& png);

}  // namespace conformance
