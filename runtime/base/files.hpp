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

/// The bytes of a regular file, a file in /proc, or a pipe. Blocks up to
/// `timeout`. Errors name the file: ec::exhausted if it has more than `max`
/// bytes or does not end in time (a pipe without a writer), else
/// ec::system_failure.
caf::expected<std::string>
read_file(const std::filesystem::path& file, std::size_t max,
          std::chrono::milliseconds timeout = std::chrono::seconds{30});

/// Writes a new file. A file that exists is not changed and is an error.
caf::error write_new_file(const std::filesystem::path& file,
                          std::string_view content);

/// As write_new_file(), for keys and passwords: mode 0600.
caf::error write_secret_file(const std::filesystem::path& file,
                             std::string_view content);

/// edgeless/NAME in the folder that the environment variable names, such as
/// XDG_CACHE_HOME, or in the folder `in_home` of the user; empty: there is
/// neither.
std::filesystem::path default_folder(const char* variable, const char* in_home,
                                     const std::string& name);

} // namespace edgeless
