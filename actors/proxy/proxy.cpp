// SPDX-License-Identifier: MIT
#include "actors/proxy/proxy.hpp"

#include "actors/proxy/intent_listener.hpp"

#include "runtime/base/log.hpp"
#include "runtime/redis/database/database_sweep.hpp"
#include "runtime/redis/intent_codec.hpp"
#include "runtime/redis/keys.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <cassert>

namespace edgeless {

proxy_state::proxy_state(pointer self) : self{self} {
  // nop
}

proxy_state::~proxy_state() {
  stop_listener();
}

void proxy_state::init(proxy_options x, orchestrator_actor y) {
  options = std::move(x);
  orchestrator = std::move(y);
  mirror_state = mirror{options.mirrored};
  lease = database_lease{options.owner};
  recorder
    = {options.dataset, options.mirrored.now,
       [counts = options.counts](auto written, auto dropped) {
         counts->dataset_lines.fetch_add(written, std::memory_order_relaxed);
         counts->dataset_lines_dropped.fetch_add(dropped,
                                                 std::memory_order_relaxed);
       }};
  schedule_write();
  self->send(self, renewal_due{});
}

// -- facts about the domain ---------------------------------------------------

void proxy_state::on_join(const node_description& x) {
  mirror_state.join(x);
  recorder.join(x);
  schedule_write();
}

void proxy_state::on_lost(const node_id& x) {
  mirror_state.lose(x);
  recorder.lose(x);
  schedule_write();
}

void proxy_state::on_report(const node_id& node, const node_report& x) {
  mirror_state.report(node, x);
  recorder.report(node, x);
  schedule_write();
}

void proxy_state::on_moved(const logical_id& component, const endpoint& at) {
  mirror_state.moved(component, at);
  recorder.moved(component, at);
  schedule_write();
}

void proxy_state::on_drop(const logical_id& component) {
  mirror_state.drop(component);
  recorder.drop(component);
  schedule_write();
}

// -- the mirror ---------------------------------------------------------------

/// Changes are written after the messages that are in the mailbox now: many
/// changes become one round trip.
void proxy_state::schedule_write() {
  if (!std::exchange(is_write_scheduled, true))
    self->send(self, write_due{});
}

void proxy_state::write() {
  assert(is_write_scheduled);
  is_write_scheduled = false;
  if (!is_connected && !connect())
    return;
  auto is_lease_over = !lease.is_held(self->clock().now().time_since_epoch());
  if ((is_renewal_due || is_lease_over) && !renew_lease())
    return;
  assert(connection && is_swept);
  // The first command probes keys of the mirror, the last one searches for
  // stale keys.
  std::vector<redis_command> commands;
  std::vector<std::string> probed;
  if (std::exchange(is_probe_due, false)) {
    probed = mirror_state.probe(limits::redis_probe);
    auto& first = commands.emplace_back();
    first.push_back(probed.empty() ? "PING" : "EXISTS");
    first.insert(first.end(), probed.begin(), probed.end());
  }
  auto written_results = results.size();
  commands.insert(commands.end(), results.begin(), results.end());
  std::ranges::move(stale_keys.take_deletions(), std::back_inserter(commands));
  std::ranges::move(mirror_state.changes(limits::redis_commands),
                    std::back_inserter(commands));
  auto scan = stale_keys.scan();
  if (scan)
    commands.push_back(*scan);
  auto replies = connection->run(commands);
  if (!replies) {
    retry_later(explain(replies.error()));
    return;
  }
  if (replies->size() != commands.size()) {
    retry_later("Redis sent " + std::to_string(replies->size()) + " replies to "
                + std::to_string(commands.size()) + " commands");
    return;
  }
  if (auto problem = find_refusal(commands, *replies); !problem.empty()) {
    retry_later(problem);
    return;
  }
  pauses.reset();
  options.counts->samples_dropped.store(mirror_state.samples_dropped(),
                                        std::memory_order_relaxed);
  assert(results.size() >= written_results);
  results.erase(results.begin(),
                results.begin() + static_cast<long>(written_results));
  if (!probed.empty())
    check_probe(replies->front(), probed.size());
  if (scan && !stale_keys.collect(replies->back(), mirror_state))
    log_warn(name, "the search for stale keys stops: Redis has too many keys");
  if (mirror_state.has_changes() || !stale_keys.is_done())
    schedule_write();
}

/// The first connection empties the database. Later ones only search for stale
/// keys of the mirror: other programs may use the database, too.
bool proxy_state::connect() {
  if (!open_connection() || !renew_lease())
    return false;
  if (is_swept)
    stale_keys.start();
  else if (!sweep())
    return false;
  is_connected = true;
  start_listener();
  mirror_state.rewrite();
  auto dropped = mirror_state.samples_dropped();
  log_info(
    name, "mirrors the domain to Redis: keys=", mirror_state.content().size(),
    " samples_dropped=", dropped - std::exchange(reported_dropped, dropped));
  return true;
}

bool proxy_state::open_connection() {
  if (connection)
    return true;
  auto opened = options.open();
  if (opened)
    connection = std::move(*opened);
  else
    retry_later(explain(opened.error()));
  return static_cast<bool>(opened);
}

/// Once at start, then twice or more often per lease. Two orchestrators that
/// want one database are an error that both of them report.
bool proxy_state::renew_lease() {
  is_renewal_due = false;
  auto problem
    = lease.renew(*connection, self->clock().now().time_since_epoch());
  auto& contender = lease.contender();
  if (lease.is_refused() || contender)
    options.counts->database_conflicts.fetch_add(1, std::memory_order_relaxed);
  auto rival = contender ? to_string(*contender) : "";
  if (rival != std::exchange(known_contender, rival) && contender)
    log_error(name, "another orchestrator wants this Redis database: ", rival,
              "; it is refused as long as this one runs: give each domain a "
              "database of its own in redis_url");
  if (!problem)
    return true;
  if (lease.is_refused())
    stop_listener();
  retry_later(explain(problem));
  return false;
}

/// Intents of before are gone afterwards, too.
bool proxy_state::sweep() {
  auto result = sweep_database(*connection);
  if (!result) {
    retry_later(explain(result.error()));
    return false;
  }
  if (!result->is_flushed)
    log_warn(name,
             "Redis refuses FLUSHDB: the keys of earlier runs are deleted "
             "one by one: deleted=",
             result->deleted, " other_keys_that_stay=", result->foreign,
             result->is_complete ? "" : "; Redis has too many keys to see all");
  is_swept = true;
  // The owner was flushed, too.
  return renew_lease();
}

/// Logs each problem once, however often it repeats in a row.
void proxy_state::retry_later(const std::string& problem) {
  assert(!is_write_scheduled);
  if (pauses.failures() == 0 || problem != last_problem)
    lease.is_refused()
      ? log_error(name, problem.substr(0, limits::text), "; trying again")
      : log_warn(name, problem.substr(0, limits::text), "; trying again");
  last_problem = problem;
  is_connected = false;
  is_probe_due = false;
  stale_keys.stop();
  mirror_state.mark_unreachable();
  is_write_scheduled = true;
  self->delayed_send(self, pauses.fail(), write_due{});
}

/// The first error among the replies, or "". A list of samples whose key has
/// another type is replaced; after any other error the content of Redis is
/// unknown.
std::string
proxy_state::find_refusal(const std::vector<redis_command>& commands,
                          const std::vector<redis_reply>& replies) {
  assert(commands.size() == replies.size());
  for (std::size_t i = 0; i < commands.size(); ++i) {
    if (replies[i].type != redis_reply::kind::error)
      continue;
    auto& verb = commands[i][0];
    auto is_of_series = verb == "RPUSH" || verb == "LTRIM" || verb == "ZADD"
                        || verb == "ZREMRANGEBYRANK";
    if (!is_of_series || !replies[i].text.starts_with("WRONGTYPE"))
      return "Redis refuses " + verb + ": " + replies[i].text;
    mirror_state.replace(commands[i][1]);
  }
  return {};
}

/// Another client may have flushed the database or deleted keys of the mirror.
void proxy_state::check_probe(const redis_reply& found, std::size_t expected) {
  if (found.type == redis_reply::kind::number
      && found.number == static_cast<std::int64_t>(expected))
    return;
  log_warn(name, "keys of the mirror are missing in Redis: writing all again");
  mirror_state.rewrite();
}

void proxy_state::tick() {
  is_probe_due = true;
  is_renewal_due = true;
  schedule_write();
}

/// While Redis cannot be used, the lease is renewed by the next attempt.
void proxy_state::renew_later() {
  self->delayed_send(self, limits::redis_lease_renewal, renewal_due{});
  if (!is_connected)
    return;
  is_renewal_due = true;
  schedule_write();
}

// -- intents ------------------------------------------------------------------

void proxy_state::start_listener() {
  if (!listener)
    listener = spawn_on(options.where, self->system(), intent_listener,
                        options.open, proxy_actor{self});
}

void proxy_state::stop_listener() {
  caf::anon_send_exit(std::exchange(listener, nullptr),
                      caf::exit_reason::user_shutdown);
}

/// The intent was popped when another orchestrator had become the owner of the
/// database, for which it is.
void proxy_state::return_intent(const std::string& key,
                                const std::string& value) {
  std::vector<redis_command> commands;
  if (!value.empty())
    commands.push_back({"SET", key, value, "NX"});
  commands.push_back({"LPUSH", std::string{keys::intents}, key});
  auto is_returned = connection && connection->run(commands);
  log_warn(name, key.substr(0, limits::text),
           is_returned ? ": returned to the owner of the database"
                       : ": lost: Redis cannot be reached");
}

/// The answer comes when the proxy has room for the next intent.
caf::result<atom::ok> proxy_state::execute_intent(const std::string& key,
                                                  const std::string& value) {
  assert(open_intents < limits::intents);
  if (lease.is_refused()) {
    return_intent(key, value);
    return atom::ok_v;
  }
  auto wanted = parse_intent(key, value);
  if (!wanted) {
    write_result(key, value, false, explain(wanted.error()));
    return atom::ok_v;
  }
  ++open_intents;
  self->request(orchestrator, limits::intent, atom::intent_v, *wanted)
    .then(
      [this, key, value](const std::string& text) {
        on_intent_done(key, value, true, text);
      },
      [this, key, value](const caf::error& x) {
        on_intent_done(key, value, false, explain(x));
      });
  if (open_intents < limits::intents)
    return atom::ok_v;
  room = self->make_response_promise<atom::ok>();
  return *room;
}

void proxy_state::on_intent_done(const std::string& key,
                                 const std::string& value, bool succeeded,
                                 const std::string& reason) {
  assert(open_intents > 0);
  write_result(key, value, succeeded, reason);
  --open_intents;
  if (room)
    std::exchange(room, std::nullopt)->deliver(atom::ok_v);
}

void proxy_state::write_result(const std::string& key, const std::string& value,
                               bool succeeded, const std::string& reason) {
  auto shown = key.substr(0, limits::text);
  if (succeeded)
    log_info(name, shown, ": done: ", reason);
  else
    log_warn(name, shown, ": refused: ", reason);
  // Whatever else is pushed to the queue leaves nothing behind.
  if (!is_intent_key(key))
    return;
  auto seconds = std::chrono::seconds{limits::intent_result}.count();
  results.push_back(
    {"SET", intent_result_key(key),
     intent_result(key, value, succeeded, reason, options.mirrored.now()), "EX",
     std::to_string(seconds)});
  if (results.size() > limits::intents)
    results.pop_front(); // the log has it
  schedule_write();
}

proxy_self_actor::behavior_type proxy(proxy_state::pointer self,
                                      proxy_options options,
                                      orchestrator_actor orchestrator) {
  auto& st = self->state;
  st.init(std::move(options), std::move(orchestrator));
  // clang-format off
  return {
    [&st](atom::join, const node_description& x) { st.on_join(x); },
    [&st](atom::lost, const node_id& x) { st.on_lost(x); },
    [&st](atom::report, const node_id& x, const node_report& y) { st.on_report(x, y); return atom::ok_v; },
    [&st](atom::host, const component_spec& x) { st.mirror_state.host(x); st.schedule_write(); },
    [&st](atom::moved, const logical_id& x, const endpoint& at) { st.on_moved(x, at); },
    [&st](atom::drop, const logical_id& x) { st.on_drop(x); },
    [&st](atom::intent, const std::string& x, const std::string& y) { return st.execute_intent(x, y); },
    [&st](atom::tick) { st.tick(); },
    [&st](write_due) { st.write(); },
    [&st](renewal_due) { st.renew_later(); },
    [&st](atom::stop) { st.self->quit(); },
  };
  // clang-format on
}

} // namespace edgeless
