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

/// What is broken in Redis goes to stderr, a line for each key; the rest is
/// shown all the same.
class warnings {
public:
  /// `loud` unless there is no place for them.
  explicit warnings(bool loud = true) : loud_(loud) {
    // nop
  }

  /// Says how many were not printed.
  ~warnings();

  void add(const std::string& key, const std::string& what);

private:
  bool loud_;
  std::size_t count_ = 0;
};

/// Reads and writes a Redis that may be large, and hostile. Does without KEYS.
class store {
public:
  /// Connects. An error says that and why it could not.
  static caf::expected<store> open(const std::string& url);

  /// All keys that begin with `prefix`, in order.
  caf::expected<std::set<std::string>> keys(const std::string& prefix);

  using visitor
    = std::function<void(const std::string& key, const std::string& value)>;

  /// Visits the value of each key that is there: its text, or the member of a
  /// sorted set with the highest score. Others are warned of.
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

  struct sorted_keys {
    std::vector<std::pair<std::string, std::size_t>> texts; ///< and their sizes
    std::vector<std::string> others;
  };
  caf::expected<sorted_keys> sort_out(const std::set<std::string>& keys,
                                      warnings& broken);
  caf::error visit_texts(const std::vector<std::string>& keys, warnings& broken,
                         const visitor& take);
  caf::error visit_newest(const std::vector<std::string>& keys,
                          warnings& broken, const visitor& take);

  std::unique_ptr<redis> redis_;
};

} // namespace edgeless
