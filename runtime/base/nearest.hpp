// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace edgeless {

/// The most similar of the `known` words, for "did you mean"; empty if none is
/// similar.
std::string nearest(std::string_view word,
                    const std::vector<std::string>& known);

} // namespace edgeless
