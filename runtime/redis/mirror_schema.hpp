// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace edgeless {

/// The version of EDGELESS whose keys and types the mirror has. The JSON values
/// have the fields of all versions.
enum class mirror_schema : std::uint8_t {
  /// v1.0: health is a string, samples are lists under
  /// `performance:METRIC:PID`.
  v1_0,
  /// v1.1 and later: health and samples are sorted sets by time, samples under
  /// `performance:PID:METRIC`; `FAMILY:last_update`, `domain_info:domain_id`.
  v1_2,
};

/// Nothing unless `text` is 1.0 or 1.2.
inline std::optional<mirror_schema> parse_mirror_schema(std::string_view text) {
  if (text == "1.0")
    return mirror_schema::v1_0;
  if (text == "1.2")
    return mirror_schema::v1_2;
  return std::nullopt;
}

} // namespace edgeless
