// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/base/confined_folder.hpp"

#include <caf/error.hpp>
#include <caf/expected.hpp>

#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace edgeless {

/// A file that grows by whole records, such as lines. Each append is one write
/// with O_APPEND, so that several writers of one file do not cut each other's
/// records. When the file has been renamed or deleted, as logrotate does, the
/// next append creates it again. Not synchronised: one thread at a time.
class append_file {
public:
  /// Opens or creates the file. An error names it, with the reason.
  static caf::expected<append_file> open(confined_folder_ptr folder,
                                         std::string name);

  struct result {
    std::size_t written = 0; ///< records, from the first one on
    caf::error problem;      ///< why the others are not written; none: all are
  };

  /// Writes records, each of which ends with a newline. Of a record that does
  /// not fit on the disk nothing is left.
  result append(std::span<const std::string> records);

private:
  append_file(confined_folder_ptr folder, std::string name,
              file_descriptor file);

  caf::error reopen_if_moved();
  void take_back(std::string_view bytes);

  confined_folder_ptr folder_;
  std::string name_;
  file_descriptor file_;
  /// The file does not end with a newline: the next record begins with one.
  bool is_torn_ = false;
};

/// Formats a time in UTC, such as 2024-09-05T18:04:21.175674+00:00.
std::string rfc3339(std::chrono::system_clock::time_point when);

} // namespace edgeless
