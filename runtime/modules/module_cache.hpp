// SPDX-License-Identifier: MIT
#pragma once

#include "messages/workflow.hpp"

#include <caf/error.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace edgeless {

/// Compiled modules on disk. What comes back is what was kept, or nothing:
/// each file carries a digest. Below limits::compiled_total the oldest stay.
class module_cache {
public:
  /// Without a directory nothing is kept. `tag` names what the compiled form
  /// depends on beside the module.
  module_cache(std::filesystem::path directory, std::string tag);

  /// Makes the directory, of mode 0700, or says why it may not be used.
  static caf::error prepare(const std::filesystem::path& directory);

  std::optional<std::string> find(const code_id& code) const;
  caf::error keep(const code_id& code, std::string_view compiled) const;

  /// Of a file that turned out to be useless.
  void forget(const code_id& code) const;

private:
  std::filesystem::path path_of(const code_id& code) const;
  std::string digest(const code_id& code, std::string_view compiled) const;
  void prune() const;

  std::filesystem::path directory_;
  std::string tag_;
};

} // namespace edgeless
