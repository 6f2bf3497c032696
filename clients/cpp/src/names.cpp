#include "names.h"

#include <algorithm>
#include <cstddef>

#include "faults.h"
#include "text.h"

namespace synthserve::detail {

namespace {

// Any number of so many digits fits into 64 bits. Real version numbers are far smaller.
constexpr std::size_t kMostDigits = 18;

bool is_version(std::string_view text) {
  return !text.empty() && text.size() <= kMostDigits &&
         std::all_of(text.begin(), text.end(), [](char digit) { return digit >= '0' && digit <= '9'; });
}

std::string_view without_leading_zeros(std::string_view digits) {
  const auto first = digits.find_first_not_of('0');
  return first == std::string_view::npos && !digits.empty() ? digits.substr(digits.size() - 1)
                                                            : digits.substr(std::min(first, digits.size()));
}

}  // namespace

std::string resource_name(std::string_view name) {
  check_utf8("model", name);
  if (name.starts_with("models/")) {
    return std::string(name);
  }
  const auto at = name.find('@');
  const auto model = name.substr(0, at);
  std::string resource = "models/" + std::string(model);
  bool valid = !model.empty() && name.find('/') == std::string_view::npos;
  if (at != std::string_view::npos) {
    const auto version = without_leading_zeros(name.substr(at + 1));
    valid = valid && is_version(version);
    resource.append("/versions/").append(version);
  }
  if (!valid) {
    throw invalid("model", "write NAME, NAME@VERSION or a full resource name (models/...)");
  }
  return resource;
}

}  // namespace synthserve::detail
