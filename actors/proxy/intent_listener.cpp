// SPDX-License-Identifier: MIT
#include "actors/proxy/intent_listener.hpp"

#include "runtime/base/log.hpp"
#include "runtime/redis/intent_codec.hpp"

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
  if (!key && !pop_key())
    return;
  if (auto value = take_value())
    forward(*value);
}

/// Blocks until a key is pushed, for at most limits::intent_wait. Schedules the
/// next attempt when it returns false.
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
  auto replies = connection->run(
    {{"BLPOP", "intents", std::to_string(seconds)}}, limits::intent_wait);
  if (!replies || replies->empty()) {
    retry_later(replies ? "Redis did not answer BLPOP"
                        : explain(replies.error()));
    return false;
  }
  auto& reply = replies->front();
  if (reply.type == redis_reply::kind::list && reply.items.size() == 2) {
    pauses.reset();
    key = std::move(reply.items[1].text);
    return true;
  }
  if (reply.type == redis_reply::kind::nothing) {
    pauses.reset();
    self->delayed_send(self, mailbox_pause, atom::retry_v);
  } else {
    retry_later("Redis refuses BLPOP intents: " + reply.text);
  }
  return false;
}

/// Reads the value of the popped key, up to the size of an intent, and deletes
/// the key. A key that is not the key of an intent is neither read nor deleted:
/// its value is "".
std::optional<std::string> intent_listener_state::take_value() {
  assert(key && connection);
  if (!is_intent_key(*key))
    return "";
  auto replies = connection->run(
    {{"GETRANGE", *key, "0", std::to_string(limits::intent_text)},
     {"DEL", *key}});
  if (!replies || replies->size() != 2) {
    retry_later(replies ? "Redis did not answer GETRANGE and DEL"
                        : explain(replies.error()));
    return std::nullopt;
  }
  auto& value = replies->front();
  return value.type == redis_reply::kind::text ? std::move(value.text) : "";
}

void intent_listener_state::forward(const std::string& value) {
  assert(key);
  auto popped = std::exchange(key, std::nullopt);
  self->request(proxy, forward_timeout, atom::intent_v, *popped, value)
    .then([this](atom::ok) { self->send(self, atom::retry_v); },
          [this](const caf::error& x) { retry_later(explain(x)); });
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
