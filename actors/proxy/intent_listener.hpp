// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/base/backoff.hpp"
#include "runtime/redis/client.hpp"

#include "messages/interfaces.hpp"
#include "messages/limits.hpp"

#include <deque>
#include <memory>
#include <optional>
#include <string>

namespace edgeless {

/// The INTENT LISTENER: blocks on a Redis connection of its own until a
/// delegated orchestrator pushes an intent, and passes it on to the PROXY that
/// spawned it. It takes the next intent when the PROXY has room for it: until
/// then intents wait in Redis. Runs on a thread of its own.
struct intent_listener_state {
  using pointer
    = intent_listener_actor::stateful_pointer<intent_listener_state>;
  static inline constexpr const char* name = "intents";

  explicit intent_listener_state(pointer self);

  void take_next();
  bool next_key();
  bool pop_key();
  bool read_value();
  bool delete_key();
  void retry_later(const std::string& problem);

  pointer self;
  redis_opener open;
  proxy_actor proxy;
  std::unique_ptr<redis> connection;
  /// A key that was popped. Its value may be written until the deadline: the
  /// order of SET and RPUSH is free.
  struct popped_key {
    std::string name;
    caf::actor_clock::time_point deadline;
    caf::actor_clock::time_point next_look{};
  };
  /// The key in hand, until the PROXY has the intent.
  std::optional<popped_key> key;
  std::optional<std::string> value;
  /// Keys without a value yet, at most limits::intents: others pass them.
  std::deque<popped_key> late;
  backoff pauses{limits::redis_pause_min, limits::redis_pause_max};
};

intent_listener_actor::behavior_type
intent_listener(intent_listener_state::pointer self, redis_opener open,
                proxy_actor proxy);

} // namespace edgeless
