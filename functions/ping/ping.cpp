// SPDX-License-Identifier: MIT

#include "edgeless.hpp"

using namespace edgeless;

/// Calls "ponger" once a second and keeps the number of calls as its state.
struct ping {
  void handle_init(string_view, string_view state) {
    log::info("Pinger: 'Init' called");
    if (!state.empty())
      count = read(state);
    cast("self", "wakeup");
  }

  void handle_cast(const instance_id&, string_view message) {
    log::info("Pinger: 'Cast' called, MSG: ", message);
    if (message != "wakeup")
      return;
    // Before the call: no number is used twice, even after a crash in the call.
    auto id = count++;
    sync(text("{\"count\":", count, "}"));
    if (call("ponger", text("PING-", id)).outcome == call_result::reply)
      log::info("Got Reply");
    delayed_cast(1000, "self", "wakeup");
  }

  call_result handle_call(const instance_id&, string_view message) {
    log::info("Pinger: 'Call' called, MSG: ", listed(message));
    return {};
  }

  void handle_stop() {
    log::info("Pinger: 'Stop' called");
  }

  /// Reads {"count":N}, with spaces anywhere between.
  static uint64_t read(string_view state) {
    string dense;
    for (auto c : state)
      if (c != ' ' && c != '\n' && c != '\r' && c != '\t')
        dense.push_back(c);
    auto rest = string_view(dense);
    constexpr string_view head = "{\"count\":";
    check(rest.starts_with(head), "ping: unknown state");
    rest = rest.substr(head.size());
    auto end = rest.find('}');
    auto value = parse<uint64_t>(rest.substr(0, end));
    check(value && end + 1 == rest.size(), "ping: unknown state");
    return value.value;
  }

  uint64_t count = 0;
};

EDGELESS_EXPORT(ping)
