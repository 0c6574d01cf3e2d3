// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/redis/client.hpp"

#include "messages/interfaces.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace edgeless {

/// The INTENT LISTENER: waits on a connection of its own for what delegated
/// orchestrators push, and brings it to the PROXY, which spawns it. It takes
/// the next one when the PROXY has room for it: the others wait in Redis.
struct intent_listener_state {
  using pointer
    = intent_listener_actor::stateful_pointer<intent_listener_state>;
  static inline constexpr const char* name = "intents";

  explicit intent_listener_state(pointer self);

  void proceed();
  bool pop();
  bool obtain(std::string& value);
  void bring(const std::string& value);
  void back_off(const std::string& problem);
  void go_on(caf::timespan pause);

  pointer self;
  redis_opener open;
  proxy_actor proxy;
  std::unique_ptr<redis> acceptor;
  /// The key that was popped, until the PROXY has it.
  std::optional<std::string> key;
  std::uint32_t failures = 0; ///< in a row
};

intent_listener_actor::behavior_type
intents(intent_listener_state::pointer self, redis_opener open,
        proxy_actor proxy);

} // namespace edgeless
