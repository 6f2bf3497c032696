#pragma once

#include <string>
#include <string_view>

namespace synthserve::detail {

/// Turns the name that a person types (`iris-vae`, `iris-vae@2` or a full resource name) into a resource name. The
/// server decides whether there is such a model.
///
/// @throws Error (`invalid_argument`) The name has none of these forms.
std::string resource_name(std::string_view name);

}  // namespace synthserve::detail
