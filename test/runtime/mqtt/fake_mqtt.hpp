// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/drivers/mqtt.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace edgeless::test {

/// A connection whose broker is the test.
struct fake_mqtt_connection
  : mqtt_connection,
    std::enable_shared_from_this<fake_mqtt_connection> {
  void wake() override {
    is_woken = true;
  }

  std::optional<int> publish(const mqtt_message& x) override {
    if (x.payload == "refused")
      return std::nullopt;
    published.push_back(x);
    return ++last_id;
  }

  void close() override {
    is_closed = true;
  }

  void connect() {
    handler->on_connected(shared_from_this());
  }

  void disconnect() {
    handler->on_disconnected("test");
  }

  /// Does what wake() has asked for.
  void run() {
    if (std::exchange(is_woken, false))
      handler->on_wake(*this);
  }

  /// Acknowledges everything that is published, in order.
  void acknowledge_all() {
    while (acknowledged < last_id)
      handler->on_acknowledged(*this, ++acknowledged, true);
  }

  /// The payloads that were published, separated by blanks.
  std::string text() const {
    std::string result;
    for (auto& x : published)
      result += (result.empty() ? "" : " ") + x.payload;
    return result;
  }

  mqtt_options options;
  std::shared_ptr<mqtt_handler> handler;
  std::vector<mqtt_message> published;
  int last_id = 0;
  int acknowledged = 0;
  bool is_woken = false;
  bool is_closed = false;
};

struct fake_mqtt_driver : mqtt_driver {
  /// A connection that has ended has no handler, which may refer to it.
  ~fake_mqtt_driver() override {
    for (auto& x : opened)
      x->handler.reset();
  }

  mqtt_connection_ptr open(mqtt_options options,
                           std::shared_ptr<mqtt_handler> handler) override {
    auto made = std::make_shared<fake_mqtt_connection>();
    made->options = std::move(options);
    made->handler = std::move(handler);
    opened.push_back(made);
    return made;
  }

  std::vector<std::shared_ptr<fake_mqtt_connection>> opened;
};

} // namespace edgeless::test
