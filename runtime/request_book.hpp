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

/// Requests of one peer that wait for their answers, but those to host: a
/// controller may host all its workflows again at once.
inline constexpr std::size_t unanswered_requests = 1024;

/// The requests of one peer that wait for their answers, by whichever of its
/// connections they came: CAF answers by the one that it likes best. Used by
/// several threads.
class request_book {
public:
  /// A request of that actor has come. False: it waits already, or too many
  /// do.
  bool open(std::uint64_t actor, std::uint64_t number) {
    auto now = clock::now();
    std::lock_guard lock{mutex_};
    // By then nobody waits anymore, and what is not answered never will be.
    if (waiting_.size() >= unanswered_requests)
      std::erase_if(
        waiting_, [&](auto& x) { return now - x.second > 2 * limits::client; });
    return waiting_.size() < unanswered_requests
           && waiting_.emplace(std::pair{actor, number}, now).second;
  }

  /// It has its answer.
  void close(std::uint64_t actor, std::uint64_t number) {
    std::lock_guard lock{mutex_};
    waiting_.erase({actor, number});
  }

  /// What another book has is in this one from now on.
  void take_over(request_book& other) {
    std::scoped_lock lock{mutex_, other.mutex_};
    waiting_.merge(other.waiting_);
  }

private:
  using clock = std::chrono::steady_clock;

  std::mutex mutex_;
  /// By the actor that asks, and its number; and since when.
  std::map<std::pair<std::uint64_t, std::uint64_t>, clock::time_point> waiting_;
};

} // namespace edgeless
