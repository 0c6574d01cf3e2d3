// SPDX-License-Identifier: MIT
#pragma once

#include "actors/threads.hpp"

#include "runtime/redis/client.hpp"
#include "runtime/redis/domain_mirror.hpp"

#include "messages/interfaces.hpp"
#include "messages/limits.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace edgeless {

/// What a proxy is born with.
struct proxy_options {
  redis_opener open;
  /// Kept in Redis of each instance.
  std::size_t samples = limits::samples;
  std::function<std::chrono::system_clock::time_point()> now
    = std::chrono::system_clock::now;
  threads where = threads::own;
};

/// A PROXY, and what it says to itself.
using proxy_self_actor = proxy_actor::extend<
  // What came meanwhile is to be written; or Redis to be tried again.
  caf::reacts_to<atom::proceed>>;

/// The PROXY: mirrors a domain to Redis, and takes intents from there. Spawned
/// by the ORCHESTRATOR, which tells it the facts and never waits for it; spawns
/// INTENT LISTENER. Redis may be away: then it holds the state, nothing more,
/// and writes all of it when Redis is back.
struct proxy_state {
  using pointer = proxy_self_actor::stateful_pointer<proxy_state>;
  static inline constexpr const char* name = "proxy";

  explicit proxy_state(pointer self);
  ~proxy_state();

  void init(proxy_options options, orchestrator_actor orchestrator);

  // -- the mirror -------------------------------------------------------------
  void wake();
  void write();
  bool reach();
  bool flush();
  void give_up(const std::string& problem);
  std::string trouble(const std::vector<redis_command>& commands,
                      const std::vector<redis_reply>& replies);
  void look(const redis_reply& found, std::size_t expected);
  void sweep(const redis_reply& found);
  void tick();

  // -- intents ----------------------------------------------------------------
  caf::result<atom::ok> intend(const std::string& key,
                               const std::string& value);
  void settle(const std::string& key, const std::string& value, bool done,
              const std::string& reason);
  void conclude(const std::string& key, const std::string& value, bool done,
                const std::string& reason);

  pointer self;
  proxy_options options;
  orchestrator_actor orchestrator;
  intent_listener_actor listening;
  std::unique_ptr<redis> acceptor;

  mirror mirror_state;
  bool flushed = false; ///< once in a life
  bool reached = false;
  bool waking = false;  ///< `proceed` is on its way
  bool looking = false; ///< for holes: somebody may have deleted something
  std::uint32_t failures = 0; ///< in a row
  std::string last_problem;
  std::uint64_t told_dropped = 0;

  /// Where the search for keys of ours that should be gone is.
  std::optional<std::string> cursor;
  std::size_t rounds = 0;
  /// What it has found.
  std::vector<redis_command> strays;

  /// Intents that the orchestrator has not answered.
  std::size_t open_intents = 0;
  std::optional<caf::typed_response_promise<atom::ok>> room;
  /// To be written for whoever waits for them.
  std::deque<redis_command> results;
};

proxy_self_actor::behavior_type proxy(proxy_state::pointer self,
                                      proxy_options options,
                                      orchestrator_actor orchestrator);

} // namespace edgeless
