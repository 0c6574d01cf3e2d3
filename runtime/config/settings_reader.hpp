// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/config/toml_tree.hpp"

#include <caf/error.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace edgeless {

enum class presence : bool { optional, required };

/// What is wrong with a file, in the order of its lines.
class problem_list {
public:
  explicit problem_list(std::string file) : file_(std::move(file)) {
    // nop
  }

  void add(std::uint32_t line, const std::string& key,
           const std::string& reason);

  /// One line each: `file:line: key: reason`; no error if there is none.
  caf::error verdict() const;

private:
  std::string file_;
  std::multimap<std::uint32_t, std::string> problems_;
};

/// One section of a configuration file. Each value is asked for once, into a
/// variable that holds the default and is left alone if the value is absent
/// or wrong. Whatever nobody has asked for is unknown: see finish().
class settings_section {
public:
  /// `table` may be null: then the section is absent and so is all it has.
  settings_section(const toml_value* table, std::string path,
                   std::uint32_t line, problem_list& problems);

  bool present() const {
    return table_ != nullptr;
  }

  void read(const std::string& key, std::string& value,
            presence needed = presence::optional);
  void read(const std::string& key, bool& value,
            presence needed = presence::optional);
  void read(const std::string& key, std::uint32_t& value, std::uint32_t min,
            std::uint32_t max);
  void read(const std::string& key, double& value, double min, double max);
  void read(const std::string& key, std::vector<std::string>& value);

  /// A URL as parse_url() wants it; empty where it may be absent.
  void read_url(const std::string& key, std::string& value,
                presence needed = presence::optional);

  /// A section of this section.
  settings_section section(const std::string& key,
                           presence needed = presence::optional);

  /// The tables of an array of them.
  std::vector<settings_section> sections(const std::string& key,
                                         presence needed = presence::optional);

  /// That key may be there, too.
  void expect(const std::string& key) {
    known_.push_back(key);
  }

  /// Whether that key is there.
  bool has(std::string_view key) const;

  /// Reports a value that is there, but makes no sense.
  void blame(const std::string& key, const std::string& reason);

  /// Reports each key that was never asked for, with the one that it looks
  /// like.
  void finish();

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

/// The one of `known` that somebody may have meant by `word`; empty if none
/// resembles it.
std::string nearest(std::string_view word,
                    const std::vector<std::string>& known);

} // namespace edgeless
