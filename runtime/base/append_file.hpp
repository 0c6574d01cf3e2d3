// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/base/fd.hpp"

#include <caf/error.hpp>
#include <caf/expected.hpp>

#include <chrono>
#include <string>
#include <string_view>

namespace edgeless {

/// A file that grows by whole lines. Each append is one write with O_APPEND, so
/// that several writers of one file do not cut each other's lines. Not
/// synchronised: one thread at a time.
class append_file {
public:
  /// Opens or creates the file. An error names the path and the reason.
  static caf::expected<append_file> open(const std::string& path);

  /// Writes all lines. On an error (ec::system_failure, such as a full disk) a
  /// prefix of them may have been written.
  caf::error append(std::string_view lines);

private:
  append_file(std::string path, file_descriptor file)
    : path_{std::move(path)}, file_{std::move(file)} {
    // nop
  }

  std::string path_;
  file_descriptor file_;
};

/// Formats a time in UTC, such as 2024-09-05T18:04:21.175674+00:00.
std::string rfc3339(std::chrono::system_clock::time_point when);

} // namespace edgeless
