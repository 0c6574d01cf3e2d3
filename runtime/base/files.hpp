// SPDX-License-Identifier: MIT
#pragma once

#include <caf/error.hpp>
#include <caf/expected.hpp>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace edgeless {

/// The bytes of a file, of /proc as well, or of a pipe. The error names the
/// file, also if it has more than `max` bytes, or does not end in time: a pipe
/// that nobody writes to.
caf::expected<std::string>
read_file(const std::filesystem::path& file, std::size_t max,
          std::chrono::milliseconds timeout = std::chrono::seconds{30});

/// Writes a new file; one that exists is left alone, and an error.
caf::error write_new_file(const std::filesystem::path& file,
                          std::string_view content);

/// The same for what nobody but its owner may read: mode 0600.
caf::error write_secret_file(const std::filesystem::path& file,
                             std::string_view content);

} // namespace edgeless
