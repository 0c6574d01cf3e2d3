// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/redis.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>

namespace edgeless {

/// A database like one of Redis, as far as we use it: the same tests judge
/// both. It does not wait: a blocking command answers at once.
class memory_database : public std::enable_shared_from_this<memory_database> {
public:
  using list = std::deque<std::string>;

  /// One more connection.
  std::unique_ptr<redis> connect();
  redis_opener opener();

  redis_reply execute(const redis_command& command);

  /// The text under a key; "" if there is none.
  std::string text(const std::string& key) const;
  list items(const std::string& key) const;

  std::map<std::string, std::variant<std::string, list>> content;
  /// Seconds after which a key expires, here never.
  std::map<std::string, std::int64_t> expiry;
  /// Every command, in the order of execution.
  std::vector<redis_command> journal;

  bool down = false;      ///< cannot be reached
  bool hasty = false;     ///< refuses to wait: who waits asks all the time
  std::uint64_t runs = 0; ///< so far, those that failed included
  /// The run with this number fails, when so many of its commands are done.
  std::optional<std::uint64_t> failing_run;
  std::size_t done_of_failing = 0;

private:
  redis_reply execute_list(const redis_command& x);
  redis_reply scan(const redis_command& x) const;
};

} // namespace edgeless
