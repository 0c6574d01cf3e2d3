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

/// The requests of one peer that wait for their responses, over all of its
/// connections: CAF may send a response over another connection than that of
/// its request. Thread-safe.
class outstanding_requests {
public:
  enum class kind { host, other };

  /// Adds the request `number` of a remote actor. False: this request is
  /// outstanding already, or too many are.
  bool open(std::uint64_t actor, std::uint64_t number, kind what) {
    auto max
      = what == kind::host ? limits::workflows : limits::unanswered_requests;
    auto now = clock::now();
    std::lock_guard lock{mutex_};
    auto& waiting = of(what);
    // The client has given up by then, so there will be no response.
    if (waiting.size() >= max)
      std::erase_if(
        waiting, [&](auto& x) { return now - x.second > 2 * limits::client; });
    return waiting.size() < max
           && waiting.emplace(std::pair{actor, number}, now).second;
  }

  /// The request has its response.
  void close(std::uint64_t actor, std::uint64_t number) {
    std::lock_guard lock{mutex_};
    if (others_.erase({actor, number}) == 0)
      hosts_.erase({actor, number});
  }

  /// Moves all requests of `other` to this object.
  void merge(outstanding_requests& other) {
    std::scoped_lock lock{mutex_, other.mutex_};
    hosts_.merge(other.hosts_);
    others_.merge(other.others_);
  }

private:
  using clock = std::chrono::steady_clock;

  /// The time of each request by its sender and its number.
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
