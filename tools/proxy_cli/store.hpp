// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/redis/client.hpp"

#include <caf/error.hpp>

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace edgeless {

/// Reports invalid values in Redis on stderr, one line for each key; valid
/// values are shown nevertheless.
class warnings {
public:
  /// If not `enabled`, nothing is printed.
  explicit warnings(bool enabled = true) : enabled_(enabled) {
    // nop
  }

  /// Prints how many warnings were left out.
  ~warnings();

  void add(const std::string& key, const std::string& what);

private:
  bool enabled_;
  std::size_t count_ = 0;
};

/// Reads and writes a Redis that may be large and hostile. Uses SCAN, not KEYS.
class store {
public:
  /// Connects; the error names the address and the reason.
  static caf::expected<store> open(const std::string& url);

  /// All keys that begin with `prefix`, in order.
  caf::expected<std::set<std::string>> keys(const std::string& prefix);

  using visitor
    = std::function<void(const std::string& key, const std::string& value)>;

  /// Calls `take` with the value of each existing key: a string, or the member
  /// of a sorted set with the highest score. Other types cause a warning.
  caf::error visit(const std::set<std::string>& keys, warnings& broken,
                   const visitor& take);

  /// One reply for each command.
  caf::expected<std::vector<redis_reply>>
  run(const std::vector<redis_command>& commands);

private:
  explicit store(std::unique_ptr<redis> connection)
    : redis_(std::move(connection)) {
    // nop
  }

  struct keys_by_type {
    std::vector<std::pair<std::string, std::size_t>> texts; ///< and their sizes
    std::vector<std::string> others;
  };
  caf::expected<keys_by_type> sort_by_type(const std::set<std::string>& keys,
                                           warnings& broken);
  caf::error visit_texts(const std::vector<std::string>& keys, warnings& broken,
                         const visitor& take);
  caf::error visit_newest(const std::vector<std::string>& keys,
                          warnings& broken, const visitor& take);

  std::unique_ptr<redis> redis_;
};

} // namespace edgeless
