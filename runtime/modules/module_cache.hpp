// SPDX-License-Identifier: MIT
#pragma once

#include "messages/workflow.hpp"

#include <caf/error.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace edgeless {

/// Compiled modules on disk, by module id. Each file carries a digest: a file
/// that is damaged or renamed is not found. The oldest files are removed when
/// all together exceed limits::compiled_total bytes. Blocks for disk access;
/// any number of threads and processes may use the same directory.
class module_cache {
public:
  /// An empty directory disables the cache. `tag` names what the compiled form
  /// depends on beside the module: engine version and settings.
  module_cache(std::filesystem::path directory, std::string tag);

  /// Creates the directory with mode 0700, or returns why it cannot be used.
  static caf::error prepare(const std::filesystem::path& directory);

  /// The compiled form of a module; nothing if it is not cached.
  std::optional<std::string> find(const code_id& code) const;
  /// Stores the compiled form of a module. Errors: ec::system_failure.
  caf::error keep(const code_id& code, std::string_view compiled) const;

  /// Removes a file that the engine could not load.
  void forget(const code_id& code) const;

private:
  std::filesystem::path path_of(const code_id& code) const;
  std::string digest(const code_id& code, std::string_view compiled) const;
  void prune() const;

  std::filesystem::path directory_;
  std::string tag_;
};

} // namespace edgeless
