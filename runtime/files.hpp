// SPDX-License-Identifier: MIT
#pragma once

#include <caf/error.hpp>
#include <caf/expected.hpp>

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace edgeless {

/// The bytes of a file, of /proc as well. The error names the file, also if
/// it has more than `max` bytes.
caf::expected<std::string> read_file(const std::filesystem::path& file,
                                     std::size_t max);

/// Writes a new file; one that exists is left alone, and an error.
caf::error write_new_file(const std::filesystem::path& file,
                          std::string_view content);

/// The same for what nobody but its owner may read: mode 0600.
caf::error write_secret_file(const std::filesystem::path& file,
                             std::string_view content);

} // namespace edgeless
