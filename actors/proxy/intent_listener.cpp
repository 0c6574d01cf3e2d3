// SPDX-License-Identifier: MIT
#include "actors/proxy/intent_listener.hpp"

#include "runtime/base/log.hpp"
#include "runtime/redis/intent_codec.hpp"
#include "runtime/redis/keys.hpp"

#include <cassert>

namespace edgeless {

using namespace std::chrono_literals;

namespace {

/// The pause between two blocking commands: messages in the mailbox, such as
/// an exit, are handled meanwhile.
constexpr auto mailbox_pause = 1ms;

/// How long the PROXY may take to accept an intent: it has room again, at the
/// latest, when an intent under way reaches its own timeout.
constexpr auto forward_timeout = limits::intent + limits::local;

} // namespace

intent_listener_state::intent_listener_state(pointer self) : self{self} {
  // nop
}

void intent_listener_state::take_next() {
  if ((!key && !next_key()) || (!value && !read_value()) || !delete_key())
    return;
  assert(key && value);
  auto popped = std::exchange(key, std::nullopt);
  auto read = std::exchange(value, std::nullopt);
  self->request(proxy, forward_timeout, atom::intent_v, popped->name, *read)
    .then([this](atom::ok) { self->send(self, atom::retry_v); },
          [this](const caf::error& x) { retry_later(explain(x)); });
}

/// A key whose value is due, or one that is popped.
bool intent_listener_state::next_key() {
  assert(!key && late.size() <= limits::intents);
  if (!late.empty() && late.front().next_look <= self->clock().now()) {
    key = std::move(late.front());
    late.pop_front();
    return true;
  }
  if (late.size() < limits::intents)
    return pop_key();
  self->delayed_send(self, limits::intent_value_pause, atom::retry_v);
  return false;
}

/// Blocks until a key is pushed, for at most limits::intent_wait; not at all
/// while others are late. Schedules the next attempt when it returns false.
bool intent_listener_state::pop_key() {
  assert(!key);
  if (!connection) {
    auto opened = open();
    if (!opened) {
      retry_later(explain(opened.error()));
      return false;
    }
    connection = std::move(*opened);
  }
  auto seconds = std::chrono::seconds{limits::intent_wait}.count();
  redis_command pop{"LPOP", std::string{keys::intents}};
  if (late.empty())
    pop = {"BLPOP", std::string{keys::intents}, std::to_string(seconds)};
  auto replies = connection->run({pop}, limits::intent_wait);
  if (!replies || replies->empty()) {
    retry_later(replies ? "Redis did not answer " + pop.front()
                        : explain(replies.error()));
    return false;
  }
  auto& reply = replies->front();
  auto is_pair
    = reply.type == redis_reply::kind::list && reply.items.size() == 2;
  if (is_pair || reply.type == redis_reply::kind::text) {
    pauses.reset();
    auto now = self->clock().now();
    auto& name = is_pair ? reply.items[1].text : reply.text;
    key = popped_key{std::move(name), now + limits::intent_value};
    return true;
  }
  if (reply.type == redis_reply::kind::nothing) {
    pauses.reset();
    caf::timespan pause = mailbox_pause;
    if (!late.empty())
      pause = limits::intent_value_pause;
    self->delayed_send(self, pause, atom::retry_v);
  } else {
    retry_later("Redis refuses " + pop.front() + " intents: " + reply.text);
  }
  return false;
}

/// Reads the value of the popped key, up to the size of an intent. A key that
/// is not the key of an intent is neither read nor deleted: its value is "".
/// False: there is none yet, or an error; the next attempt is scheduled.
bool intent_listener_state::read_value() {
  assert(key && connection);
  if (!is_intent_key(key->name)) {
    value = "";
    return true;
  }
  auto replies = connection->run(
    {{"GETRANGE", key->name, "0", std::to_string(limits::intent_text)}});
  if (!replies || replies->size() != 1) {
    retry_later(replies ? "Redis did not answer GETRANGE"
                        : explain(replies.error()));
    return false;
  }
  auto& reply = replies->front();
  auto is_text = reply.type == redis_reply::kind::text;
  // The value of a drain says nothing.
  auto may_be_late = !keys::drain_intent.contains(key->name);
  auto now = self->clock().now();
  if (is_text && reply.text.empty() && may_be_late && now < key->deadline) {
    key->next_look = now + limits::intent_value_pause;
    late.push_back(*std::exchange(key, std::nullopt));
    self->send(self, atom::retry_v);
    return false;
  }
  value = is_text ? std::move(reply.text) : "";
  return true;
}

/// The value is known by now: an intent is not lost if this fails.
bool intent_listener_state::delete_key() {
  assert(key && value && connection);
  if (!is_intent_key(key->name))
    return true;
  auto replies = connection->run({{"DEL", key->name}});
  if (!replies)
    retry_later(explain(replies.error()));
  return static_cast<bool>(replies);
}

/// Logs the first failure in a row only: the PROXY uses the same server and
/// logs what is wrong with it.
void intent_listener_state::retry_later(const std::string& problem) {
  if (pauses.failures() == 0)
    log_warn(name, "cannot take intents from Redis: ",
             problem.substr(0, limits::text));
  self->delayed_send(self, pauses.fail(), atom::retry_v);
}

intent_listener_actor::behavior_type
intent_listener(intent_listener_state::pointer self, redis_opener open,
                proxy_actor proxy) {
  auto& st = self->state;
  st.open = std::move(open);
  st.proxy = std::move(proxy);
  self->send(self, atom::retry_v);
  return {
    [&st](atom::retry) { st.take_next(); },
  };
}

} // namespace edgeless
