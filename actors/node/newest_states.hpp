// SPDX-License-Identifier: MIT
#pragma once

#include "messages/ids.hpp"

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace edgeless {

/// The states that instances have synced and that their NODE has not taken yet:
/// at most one for each instance, the newest. A guest may sync faster than the
/// NODE works, and mailboxes are unbounded. Any number of threads.
class newest_states {
public:
  /// Replaces the state of an instance. True: there was none, and the NODE must
  /// be told.
  bool put(const physical_id& instance, std::string_view state) {
    std::lock_guard guard{mutex_};
    auto [i, is_new] = states_.try_emplace(instance);
    i->second = state;
    return is_new;
  }

  std::optional<std::string> take(const physical_id& instance) {
    std::lock_guard guard{mutex_};
    auto found = states_.extract(instance);
    return found ? std::optional{std::move(found.mapped())} : std::nullopt;
  }

private:
  std::mutex mutex_;
  std::map<physical_id, std::string> states_;
};

} // namespace edgeless
