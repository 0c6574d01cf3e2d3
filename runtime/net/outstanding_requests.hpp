// SPDX-License-Identifier: MIT
#pragma once

#include "messages/limits.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <utility>

namespace edgeless {

/// The requests of one peer that wait for their answers, by whichever of its
/// connections they came: CAF answers by the one that it likes best. Used by
/// several threads.
class outstanding_requests {
public:
  enum class kind { host, other };

  /// A request of that actor has come. False: it waits already, or too many
  /// do.
  bool open(std::uint64_t actor, std::uint64_t number, kind what) {
    auto most
      = what == kind::host ? limits::workflows : limits::unanswered_requests;
    auto now = clock::now();
    std::lock_guard lock{mutex_};
    auto& waiting = of(what);
    // By then nobody waits anymore, and what is not answered never will be.
    if (waiting.size() >= most)
      std::erase_if(
        waiting, [&](auto& x) { return now - x.second > 2 * limits::client; });
    return waiting.size() < most
           && waiting.emplace(std::pair{actor, number}, now).second;
  }

  /// It has its answer.
  void close(std::uint64_t actor, std::uint64_t number) {
    std::lock_guard lock{mutex_};
    if (others_.erase({actor, number}) == 0)
      hosts_.erase({actor, number});
  }

  /// What another book has is in this one from now on.
  void take_over(outstanding_requests& other) {
    std::scoped_lock lock{mutex_, other.mutex_};
    hosts_.merge(other.hosts_);
    others_.merge(other.others_);
  }

private:
  using clock = std::chrono::steady_clock;

  /// By the actor that asks, and its number; since when.
  using requests
    = std::map<std::pair<std::uint64_t, std::uint64_t>, clock::time_point>;

  requests& of(kind what) {
    return what == kind::host ? hosts_ : others_;
  }

  std::mutex mutex_;
  requests hosts_;
  requests others_;
};

} // namespace edgeless
