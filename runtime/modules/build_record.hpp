// SPDX-License-Identifier: MIT
#pragma once

#include <caf/error.hpp>

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

/// Whether a compiled file still is what its compiler would make now.
namespace edgeless {

using file_list = std::vector<std::filesystem::path>;

/// The files that a dependency file of clang or cargo names as inputs: in the
/// syntax of make, with its escapes.
file_list parse_dependencies(std::string_view makefile);

/// A file that keeps size, mtime and ctime of all files of a build. A file that
/// differs in any of them counts as changed, older or newer.
class build_record {
public:
  explicit build_record(std::filesystem::path file) : file_{std::move(file)} {
    // nop
  }

  /// Whether the last build had the same recipe (compiler and arguments) and
  /// all of its files are unchanged.
  bool is_current(std::string_view recipe) const;

  /// Whether a file of the last build was replaced by one that is older than
  /// that build: a tool that looks for newer files does not see it.
  bool has_older_file() const;

  /// Keeps the state of these files after a build that began at `start`. Of a
  /// file that changed since, the compiler may have read either version: then
  /// nothing is kept.
  caf::error keep(std::string_view recipe, const file_list& files,
                  std::chrono::system_clock::time_point start) const;

  void remove() const;

private:
  std::filesystem::path file_;
};

} // namespace edgeless
