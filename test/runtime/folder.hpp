// SPDX-License-Identifier: MIT
#pragma once

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace edgeless {

/// A folder for the files of one test; gone with it.
class folder {
public:
  folder() {
    auto name
      = (std::filesystem::temp_directory_path() / "edgeless-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }

  folder(const folder&) = delete;

  ~folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  std::filesystem::path operator/(std::string_view name) const {
    return path_ / name;
  }

  /// Writes a file, and the folders that lead to it.
  void write(std::string_view name, std::string_view content) const {
    auto file = path_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream{file, std::ios::binary} << content;
  }

private:
  std::filesystem::path path_;
};

} // namespace edgeless
