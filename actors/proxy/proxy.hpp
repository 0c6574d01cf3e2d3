// SPDX-License-Identifier: MIT
#pragma once

#include "actors/threads.hpp"

#include "runtime/base/backoff.hpp"
#include "runtime/dataset/dataset_recorder.hpp"
#include "runtime/metrics/domain_counters.hpp"
#include "runtime/redis/client.hpp"
#include "runtime/redis/database/database_lease.hpp"
#include "runtime/redis/database/stale_key_search.hpp"
#include "runtime/redis/domain_mirror.hpp"

#include "messages/interfaces.hpp"
#include "messages/limits.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace edgeless {

/// The dependencies and settings of a proxy.
struct proxy_options {
  redis_opener open;
  database_owner owner;
  mirror_options mirrored;
  dataset_settings dataset;
  std::shared_ptr<domain_counters> counts = std::make_shared<domain_counters>();
  threads where = threads::own;
};

/// The pending changes are to be written to Redis now.
struct write_due {};

/// The lease on the database is to be renewed.
struct renewal_due {};

/// A PROXY with the messages that it sends to itself.
using proxy_self_actor
  = proxy_actor::extend<caf::reacts_to<write_due>, caf::reacts_to<renewal_due>>;

/// The PROXY: mirrors a domain to Redis and takes intents from Redis. Spawned
/// by the ORCHESTRATOR, which sends it facts and never waits for it; spawns the
/// INTENT LISTENER. While Redis is away, the proxy holds the state of the
/// domain and nothing else; when Redis is back, it writes the whole state. It
/// leaves a database alone that another orchestrator owns. Records the same
/// facts in CSV files.
struct proxy_state {
  using pointer = proxy_self_actor::stateful_pointer<proxy_state>;
  static inline constexpr const char* name = "proxy";

  explicit proxy_state(pointer self);
  ~proxy_state();

  void init(proxy_options options, orchestrator_actor orchestrator);

  // -- facts about the domain -------------------------------------------------
  void on_join(const node_description& x);
  void on_lost(const node_id& x);
  void on_report(const node_id& node, const node_report& x);
  void on_moved(const logical_id& component, const endpoint& at);
  void on_drop(const logical_id& component);

  // -- the mirror -------------------------------------------------------------
  void schedule_write();
  void write();
  bool connect();
  bool open_connection();
  bool renew_lease();
  bool sweep();
  void retry_later(const std::string& problem);
  std::string find_refusal(const std::vector<redis_command>& commands,
                           const std::vector<redis_reply>& replies);
  void check_probe(const redis_reply& found, std::size_t expected);
  void tick();
  void renew_later();

  // -- intents ----------------------------------------------------------------
  void start_listener();
  void stop_listener();
  void return_intent(const std::string& key, const std::string& value);
  caf::result<atom::ok> execute_intent(const std::string& key,
                                       const std::string& value);
  void on_intent_done(const std::string& key, const std::string& value,
                      bool succeeded, const std::string& reason);
  void write_result(const std::string& key, const std::string& value,
                    bool succeeded, const std::string& reason);

  pointer self;
  proxy_options options;
  orchestrator_actor orchestrator;
  intent_listener_actor listener;
  std::unique_ptr<redis> connection;

  database_lease lease{{}};
  bool is_renewal_due = false;
  /// The last contender that was logged.
  std::string known_contender;

  dataset_recorder recorder;
  mirror mirror_state;
  bool is_swept = false; ///< once per process
  bool is_connected = false;
  bool is_write_scheduled = false;
  /// Some keys are probed with the next write: another client may have deleted
  /// them.
  bool is_probe_due = false;
  backoff pauses{limits::redis_pause_min, limits::redis_pause_max};
  std::string last_problem;
  std::uint64_t reported_dropped = 0; ///< samples, as of the last log line

  stale_key_search stale_keys;

  /// Intents that the orchestrator has not answered.
  std::size_t open_intents = 0;
  /// Answered when the proxy has room for another intent.
  std::optional<caf::typed_response_promise<atom::ok>> room;
  /// Results of intents that are not in Redis yet.
  std::deque<redis_command> results;
};

proxy_self_actor::behavior_type proxy(proxy_state::pointer self,
                                      proxy_options options,
                                      orchestrator_actor orchestrator);

} // namespace edgeless

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(edgeless::write_due)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(edgeless::renewal_due)
