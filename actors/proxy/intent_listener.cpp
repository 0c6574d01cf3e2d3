// SPDX-License-Identifier: MIT
#include "actors/proxy/intent_listener.hpp"

#include "runtime/base/log.hpp"
#include "runtime/redis/intent_codec.hpp"
#include "runtime/redis/keys.hpp"

#include "messages/limits.hpp"

#include <algorithm>

namespace edgeless {

using namespace std::chrono_literals;

namespace {

/// Between two waits in Redis: whoever ends us gets a turn.
constexpr auto breath = 1ms;

/// For the PROXY to make room: it does when an intent has had its time.
constexpr auto timeout = limits::intent + limits::local;

} // namespace

intent_listener_state::intent_listener_state(pointer self) : self{self} {
  // nop
}

void intent_listener_state::proceed() {
  std::string value;
  if (!key && !pop())
    return;
  if (obtain(value))
    bring(value);
}

/// Waits for a key. Whoever pushes it is served at once: nothing is polled.
bool intent_listener_state::pop() {
  if (!acceptor) {
    auto opened = open();
    if (!opened) {
      back_off(explain(opened.error()));
      return false;
    }
    acceptor = std::move(*opened);
  }
  auto seconds = std::chrono::seconds{limits::intent_wait}.count();
  auto replies = acceptor->run(
    {{"BLPOP", std::string{keys::intents}, std::to_string(seconds)}},
    limits::intent_wait);
  if (!replies) {
    back_off(explain(replies.error()));
    return false;
  }
  auto& reply = replies->front();
  if (reply.type == redis_reply::kind::list && reply.items.size() == 2) {
    failures = 0;
    key = std::move(reply.items[1].text);
    return true;
  }
  if (reply.type == redis_reply::kind::nothing) {
    failures = 0;
    go_on(breath);
  } else {
    back_off("Redis refuses BLPOP intents: " + reply.text);
  }
  return false;
}

/// Reads the value no further than it may be long, and deletes it. Of keys that
/// are none of an intent nothing is read, and they stay.
bool intent_listener_state::obtain(std::string& value) {
  if (!is_intent_key(*key))
    return true;
  auto replies = acceptor->run(
    {{"GETRANGE", *key, "0", std::to_string(limits::intent_text)},
     {"DEL", *key}});
  if (!replies) {
    back_off(explain(replies.error()));
    return false;
  }
  value = replies->front().type == redis_reply::kind::text
            ? std::move(replies->front().text)
            : "";
  return true;
}

void intent_listener_state::bring(const std::string& value) {
  auto popped = std::exchange(key, std::nullopt);
  self->request(proxy, timeout, atom::intent_v, *popped, value)
    .then([this](atom::ok) { self->send(self, atom::proceed_v); },
          [this](const caf::error& x) { back_off(explain(x)); });
}

/// The PROXY says why; this is the same server.
void intent_listener_state::back_off(const std::string& problem) {
  if (failures == 0)
    log_warn(name, "no intents: ", problem.substr(0, limits::text));
  auto pause = std::min<caf::timespan>(limits::redis_pause_min
                                         * (1 << std::min(failures, 10u)),
                                       limits::redis_pause_max);
  ++failures;
  go_on(pause);
}

void intent_listener_state::go_on(caf::timespan pause) {
  self->delayed_send(self, pause, atom::proceed_v);
}

intent_listener_actor::behavior_type
intents(intent_listener_state::pointer self, redis_opener open,
        proxy_actor proxy) {
  auto& st = self->state;
  st.open = std::move(open);
  st.proxy = std::move(proxy);
  self->send(self, atom::proceed_v);
  return {
    [&st](atom::proceed) { st.proceed(); },
  };
}

} // namespace edgeless
