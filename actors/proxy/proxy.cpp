// SPDX-License-Identifier: MIT
#include "actors/proxy/proxy.hpp"

#include "actors/proxy/intent_listener.hpp"

#include "runtime/base/log.hpp"
#include "runtime/redis/intent_codec.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <cassert>

namespace edgeless {

namespace {

/// Keys that one SCAN command looks at.
constexpr std::string_view keys_per_scan = "1000";

} // namespace

proxy_state::proxy_state(pointer self) : self{self} {
  // nop
}

proxy_state::~proxy_state() {
  caf::anon_send_exit(listener, caf::exit_reason::user_shutdown);
}

void proxy_state::init(proxy_options x, orchestrator_actor y) {
  options = std::move(x);
  orchestrator = std::move(y);
  mirror_state = mirror{options.samples};
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
  assert(connection && is_flushed);
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
  std::ranges::move(std::exchange(stale_deletions, {}),
                    std::back_inserter(commands));
  std::ranges::move(mirror_state.changes(limits::redis_commands),
                    std::back_inserter(commands));
  auto scans = cursor.has_value();
  if (scans)
    commands.push_back(
      {"SCAN", *cursor, "MATCH", "*", "COUNT", std::string{keys_per_scan}});
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
  assert(results.size() >= written_results);
  results.erase(results.begin(),
                results.begin() + static_cast<long>(written_results));
  if (!probed.empty())
    check_probe(replies->front(), probed.size());
  if (scans)
    collect_stale_keys(replies->back());
  if (mirror_state.has_changes() || cursor || !stale_deletions.empty())
    schedule_write();
}

/// The first connection flushes the database. Later ones only search for stale
/// keys of the mirror: other programs may use the database, too.
bool proxy_state::connect() {
  if (!connection) {
    auto opened = options.open();
    if (!opened) {
      retry_later(explain(opened.error()));
      return false;
    }
    connection = std::move(*opened);
  }
  if (!is_flushed) {
    if (!flush_database())
      return false;
  } else {
    cursor = "0";
    scan_rounds = 0;
  }
  is_connected = true;
  mirror_state.rewrite();
  auto dropped = mirror_state.samples_dropped();
  log_info(
    name, "mirrors the domain to Redis: keys=", mirror_state.content().size(),
    " samples_dropped=", dropped - std::exchange(reported_dropped, dropped));
  return true;
}

bool proxy_state::flush_database() {
  auto replies = connection->run({{"FLUSHDB"}});
  if (!replies) {
    retry_later(explain(replies.error()));
    return false;
  }
  if (replies->empty() || replies->front().type != redis_reply::kind::text) {
    retry_later("Redis refuses FLUSHDB: "
                + (replies->empty() ? "no reply" : replies->front().text));
    return false;
  }
  is_flushed = true;
  // Intents that were pushed before the flush are gone by now.
  listener = spawn_on(options.where, self->system(), intent_listener,
                      options.open, proxy_actor{self});
  return true;
}

/// Logs each problem once, however often it repeats in a row.
void proxy_state::retry_later(const std::string& problem) {
  assert(!is_write_scheduled);
  if (pauses.failures() == 0 || problem != last_problem)
    log_warn(name, problem.substr(0, limits::text), "; trying again");
  last_problem = problem;
  is_connected = false;
  is_probe_due = false;
  cursor.reset();
  stale_deletions.clear();
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
    if ((verb != "RPUSH" && verb != "LTRIM")
        || !replies[i].text.starts_with("WRONGTYPE"))
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

/// One round of the search: keys that were deleted while Redis was away may
/// have survived, or have come back with a snapshot.
void proxy_state::collect_stale_keys(const redis_reply& found) {
  using kind = redis_reply::kind;
  cursor.reset();
  if (found.type != kind::list || found.items.size() != 2
      || found.items[1].type != kind::list)
    return;
  std::vector<std::string> keys;
  for (auto& x : found.items[1].items)
    keys.push_back(x.text);
  for (auto& key : mirror_state.strays(keys))
    stale_deletions.push_back({"DEL", key});
  if (found.items[0].text == "0")
    return;
  if (++scan_rounds < limits::redis_rounds)
    cursor = found.items[0].text.substr(0, limits::text);
  else
    log_warn(name, "the search for stale keys stops: Redis has too many keys");
}

void proxy_state::tick() {
  is_probe_due = true;
  schedule_write();
}

// -- intents ------------------------------------------------------------------

/// The answer comes when the proxy has room for the next intent.
caf::result<atom::ok> proxy_state::execute_intent(const std::string& key,
                                                  const std::string& value) {
  assert(open_intents < limits::intents);
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
  auto seconds = std::chrono::seconds{limits::intent_result}.count();
  results.push_back(
    {"SET", intent_result_key(key),
     intent_result(key, value, succeeded, reason, options.now()), "EX",
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
    [&st](atom::join, const node_description& x) { st.mirror_state.join(x); st.schedule_write(); },
    [&st](atom::lost, const node_id& x) { st.mirror_state.lose(x); st.schedule_write(); },
    [&st](atom::report, const node_id& x, const node_report& y) { st.mirror_state.report(x, y, st.options.now()); st.schedule_write(); return atom::ok_v; },
    [&st](atom::host, const component_spec& x) { st.mirror_state.host(x); st.schedule_write(); },
    [&st](atom::moved, const logical_id& x, const endpoint& at) { st.mirror_state.moved(x, at); st.schedule_write(); },
    [&st](atom::drop, const logical_id& x) { st.mirror_state.drop(x); st.schedule_write(); },
    [&st](atom::intent, const std::string& x, const std::string& y) { return st.execute_intent(x, y); },
    [&st](atom::tick) { st.tick(); },
    [&st](write_due) { st.write(); },
    [&st](atom::stop) { st.self->quit(); },
  };
  // clang-format on
}

} // namespace edgeless
