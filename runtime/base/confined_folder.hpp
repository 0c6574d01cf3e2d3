// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/base/fd.hpp"

#include <caf/expected.hpp>

#include <filesystem>
#include <memory>
#include <string>

namespace edgeless {

/// A folder in which clients may name files: they reach nothing outside of it.
/// Thread-safe.
class confined_folder {
public:
  /// An error if it is no folder.
  static caf::expected<std::shared_ptr<const confined_folder>>
  open(const std::filesystem::path& path);

  /// Opens or creates a regular file, to append and, if the mode of the file
  /// allows it, to read. `name` is relative to the folder, or an absolute path
  /// into it. Refuses links, devices, pipes, sockets, and the files that this
  /// program uses itself; the error names the file and the reason.
  caf::expected<file_descriptor> open_to_append(const std::string& name) const;

  /// Whether the name leads to this open file: it may have been renamed.
  bool leads_to(const std::string& name, const file_descriptor& file) const;

private:
  confined_folder(std::filesystem::path path, file_descriptor folder)
    : path_{std::move(path)}, folder_{std::move(folder)} {
    // nop
  }

  /// The path below the folder; empty: it leads elsewhere.
  std::filesystem::path below(const std::string& name) const;

  std::filesystem::path path_; ///< absolute, without links
  file_descriptor folder_;
};

using confined_folder_ptr = std::shared_ptr<const confined_folder>;

/// From now on, no confined folder opens this file, or one in this folder: it
/// is a part of this program, such as its configuration. It need not exist.
/// Thread-safe.
void protect_file(const std::filesystem::path& file);

} // namespace edgeless
