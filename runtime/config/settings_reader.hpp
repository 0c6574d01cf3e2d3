// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/config/foreign_keys.hpp"
#include "runtime/config/toml_tree.hpp"

#include <caf/error.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace edgeless {

enum class presence : bool { optional, required };

/// The problems of a file, in the order of its lines, and what it asks for
/// that this version does not do.
class problem_list {
public:
  explicit problem_list(std::string file, foreign_keys foreign = {})
    : file_(std::move(file)), foreign_(foreign) {
    // nop
  }

  void add(std::uint32_t line, const std::string& key,
           const std::string& reason);

  /// One line per problem: `file:line: key: reason`; no error without problems.
  caf::error to_error() const;

  /// Answers a key of EDGELESS that has no effect here; false if it is none.
  bool add_foreign(const std::string& key, const toml_value& value);

  /// One for each key that asks for what this version does not do, in the order
  /// of their lines: `file:line: key: reason`.
  std::vector<std::string> notices() const;

private:
  std::string file_;
  foreign_keys foreign_;
  std::multimap<std::uint32_t, std::string> problems_;
  std::multimap<std::uint32_t, std::string> notices_;
};

/// One section of a configuration file. Each value is read into a variable that
/// holds its default, and keeps it if the value is absent or invalid. Keys that
/// were not read are unknown: see report_unknown_keys().
class settings_section {
public:
  /// `table` may be nullptr: then the section and all its values are absent.
  settings_section(const toml_value* table, std::string path,
                   std::uint32_t line, problem_list& problems);

  bool present() const {
    return table_ != nullptr;
  }

  void read(const std::string& key, std::string& value,
            presence needed = presence::optional);
  void read(const std::string& key, bool& value,
            presence needed = presence::optional);
  void read(const std::string& key, std::uint32_t& value, std::uint32_t min = 0,
            std::uint32_t max = 1u << 30);
  void read(const std::string& key, double& value, double min = 0,
            double max = 1e9);
  void read(const std::string& key, std::vector<std::string>& value);

  /// A URL for parse_url(); an optional one may be empty.
  void read_url(const std::string& key, std::string& value,
                presence needed = presence::optional);

  /// A section of this section.
  settings_section section(const std::string& key,
                           presence needed = presence::optional);

  /// The sections of an array of tables.
  std::vector<settings_section> sections(const std::string& key,
                                         presence needed = presence::optional);

  /// Adds a key to the known ones without reading it.
  void accept(const std::string& key) {
    known_.push_back(key);
  }

  bool has(std::string_view key) const;

  /// Adds a problem of the value of `key`; of the section, if it is empty.
  void add_problem(const std::string& key, const std::string& reason);

  /// Adds a problem for each unknown key, with the most similar known one.
  /// Foreign keys are answered as their table says.
  void report_unknown_keys();

private:
  template <class T>
  const T*
  find(const std::string& key, std::string_view wanted, presence needed);

  std::string path_of(const std::string& key) const;

  const toml_table* table_ = nullptr;
  std::string path_;
  std::uint32_t line_ = 0;
  problem_list* problems_;
  std::vector<std::string> known_;
};

} // namespace edgeless
