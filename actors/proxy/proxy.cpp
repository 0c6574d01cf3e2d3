// SPDX-License-Identifier: MIT
#include "actors/proxy/proxy.hpp"

#include "actors/proxy/intent_listener.hpp"

#include "runtime/base/log.hpp"
#include "runtime/redis/intent_codec.hpp"

#include <caf/send.hpp>

#include <algorithm>

namespace edgeless {

namespace {

/// Keys that one round of the search looks at.
constexpr std::string_view keys_per_round = "1000";

} // namespace

proxy_state::proxy_state(pointer self) : self{self} {
  // nop
}

proxy_state::~proxy_state() {
  caf::anon_send_exit(listening, caf::exit_reason::user_shutdown);
}

void proxy_state::init(proxy_options x, orchestrator_actor y) {
  options = std::move(x);
  orchestrator = std::move(y);
  mirror_state = mirror{options.samples};
  wake();
}

// -- the mirror ---------------------------------------------------------------

/// Facts are written when everything that is in the mailbox now has been heard:
/// many become one run.
void proxy_state::wake() {
  if (!std::exchange(waking, true))
    self->send(self, atom::proceed_v);
}

void proxy_state::write() {
  waking = false;
  if (!reached && !reach())
    return;
  // The first command looks for holes, the last one for what should be gone.
  std::vector<redis_command> commands;
  std::vector<std::string> probed;
  if (std::exchange(looking, false)) {
    probed = mirror_state.probe(limits::redis_probe);
    auto& first = commands.emplace_back();
    first.push_back(probed.empty() ? "PING" : "EXISTS");
    first.insert(first.end(), probed.begin(), probed.end());
  }
  auto told = results.size();
  commands.insert(commands.end(), results.begin(), results.end());
  std::ranges::move(std::exchange(strays, {}), std::back_inserter(commands));
  std::ranges::move(mirror_state.changes(limits::redis_commands),
                    std::back_inserter(commands));
  auto searches = cursor.has_value();
  if (searches)
    commands.push_back(
      {"SCAN", *cursor, "MATCH", "*", "COUNT", std::string{keys_per_round}});
  auto replies = acceptor->run(commands);
  if (!replies) {
    give_up(explain(replies.error()));
    return;
  }
  if (auto problem = trouble(commands, *replies); !problem.empty()) {
    give_up(problem);
    return;
  }
  failures = 0;
  results.erase(results.begin(), results.begin() + static_cast<long>(told));
  if (!probed.empty())
    look(replies->front(), probed.size());
  if (searches)
    sweep(replies->back());
  if (mirror_state.has_changes() || cursor || !strays.empty())
    wake();
}

/// The first time the database is flushed; later, only what is ours and should
/// not be there is looked for: others live there, too.
bool proxy_state::reach() {
  if (!acceptor) {
    auto opened = options.open();
    if (!opened) {
      give_up(explain(opened.error()));
      return false;
    }
    acceptor = std::move(*opened);
  }
  if (!flushed) {
    if (!flush())
      return false;
  } else {
    cursor = "0";
    rounds = 0;
  }
  reached = true;
  mirror_state.rewrite();
  auto dropped = mirror_state.samples_dropped();
  log_info(name, "writes the domain to Redis: ", mirror_state.content().size(),
           " keys; ", dropped - std::exchange(told_dropped, dropped),
           " performance samples dropped meanwhile");
  return true;
}

bool proxy_state::flush() {
  auto replies = acceptor->run({{"FLUSHDB"}});
  if (!replies) {
    give_up(explain(replies.error()));
    return false;
  }
  if (replies->empty() || replies->front().type != redis_reply::kind::text) {
    give_up("Redis does not flush its database: "
            + (replies->empty() ? "" : replies->front().text));
    return false;
  }
  flushed = true;
  // Not before: what was pushed to somebody else's database is gone now.
  listening = spawn_on(options.where, self->system(), intents, options.open,
                       proxy_actor{self});
  return true;
}

/// Said once, however often it happens.
void proxy_state::give_up(const std::string& problem) {
  if (failures == 0 || problem != last_problem)
    log_warn(name, problem.substr(0, limits::text), "; trying again");
  last_problem = problem;
  reached = false;
  looking = false;
  cursor.reset();
  strays.clear();
  mirror_state.mark_unreachable();
  auto pause = std::min<caf::timespan>(limits::redis_pause_min
                                         * (1 << std::min(failures, 10u)),
                                       limits::redis_pause_max);
  ++failures;
  waking = true;
  self->delayed_send(self, pause, atom::proceed_v);
}

/// What Redis complains of. A list of samples that is something else is
/// deleted; any other complaint means that nobody knows what Redis has.
std::string proxy_state::trouble(const std::vector<redis_command>& commands,
                                 const std::vector<redis_reply>& replies) {
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

/// Somebody else may have flushed the database, or have deleted some of it.
void proxy_state::look(const redis_reply& found, std::size_t expected) {
  if (found.type == redis_reply::kind::number
      && found.number == static_cast<std::int64_t>(expected))
    return;
  log_warn(name, "keys of the mirror are gone from Redis: all written again");
  mirror_state.rewrite();
}

/// Another round: what was deleted while Redis was away may have survived, or
/// have come back with a snapshot.
void proxy_state::sweep(const redis_reply& found) {
  using kind = redis_reply::kind;
  cursor.reset();
  if (found.type != kind::list || found.items.size() != 2
      || found.items[1].type != kind::list)
    return;
  std::vector<std::string> keys;
  for (auto& x : found.items[1].items)
    keys.push_back(x.text);
  for (auto& key : mirror_state.strays(keys))
    strays.push_back({"DEL", key});
  if (found.items[0].text == "0")
    return;
  if (++rounds < limits::redis_rounds)
    cursor = found.items[0].text.substr(0, limits::text);
  else
    log_warn(name, "Redis has too many keys to look for old ones of ours");
}

void proxy_state::tick() {
  looking = true;
  wake();
}

// -- intents ------------------------------------------------------------------

caf::result<atom::ok> proxy_state::intend(const std::string& key,
                                          const std::string& value) {
  auto wanted = parse_intent(key, value);
  if (!wanted) {
    conclude(key, value, false, explain(wanted.error()));
    return atom::ok_v;
  }
  ++open_intents;
  self->request(orchestrator, limits::intent, atom::intent_v, *wanted)
    .then([this, key,
           value](const std::string& done) { settle(key, value, true, done); },
          [this, key, value](const caf::error& x) {
            settle(key, value, false, explain(x));
          });
  if (open_intents < limits::intents)
    return atom::ok_v;
  room = self->make_response_promise<atom::ok>();
  return *room;
}

void proxy_state::settle(const std::string& key, const std::string& value,
                         bool done, const std::string& reason) {
  conclude(key, value, done, reason);
  --open_intents;
  if (room)
    std::exchange(room, std::nullopt)->deliver(atom::ok_v);
}

void proxy_state::conclude(const std::string& key, const std::string& value,
                           bool done, const std::string& reason) {
  auto shown = key.substr(0, limits::text);
  if (done)
    log_info(name, shown, ": done: ", reason);
  else
    log_warn(name, shown, ": refused: ", reason);
  auto seconds = std::chrono::seconds{limits::intent_result}.count();
  results.push_back({"SET", intent_result_key(key),
                     intent_result(key, value, done, reason, options.now()),
                     "EX", std::to_string(seconds)});
  if (results.size() > limits::intents)
    results.pop_front(); // it has been logged
  wake();
}

proxy_self_actor::behavior_type proxy(proxy_state::pointer self,
                                      proxy_options options,
                                      orchestrator_actor orchestrator) {
  auto& st = self->state;
  st.init(std::move(options), std::move(orchestrator));
  // clang-format off
  return {
    [&st](atom::join, const node_description& x) { st.mirror_state.join(x); st.wake(); },
    [&st](atom::lost, const node_id& x) { st.mirror_state.lose(x); st.wake(); },
    [&st](atom::report, const node_id& x, const node_report& y) { st.mirror_state.report(x, y, st.options.now()); st.wake(); return atom::ok_v; },
    [&st](atom::host, const component_spec& x) { st.mirror_state.host(x); st.wake(); },
    [&st](atom::moved, const logical_id& x, const endpoint& at) { st.mirror_state.moved(x, at); st.wake(); },
    [&st](atom::drop, const logical_id& x) { st.mirror_state.drop(x); st.wake(); },
    [&st](atom::intent, const std::string& x, const std::string& y) { return st.intend(x, y); },
    [&st](atom::tick) { st.tick(); },
    [&st](atom::proceed) { st.write(); },
    [&st](atom::stop) { st.self->quit(); },
  };
  // clang-format on
}

} // namespace edgeless
