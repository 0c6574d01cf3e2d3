// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// The driver "mqtt": connections to MQTT brokers. Without CAF's types.
namespace edgeless {

struct mqtt_message {
  std::string topic;
  std::string payload;
  int qos = 0;
  bool is_retained = false;
};

struct mqtt_options {
  std::string host;
  std::uint16_t port = 1883;
  bool uses_tls = false;
  /// PEM files; an empty `ca` is the authorities of the system.
  std::string ca;
  std::string certificate;
  std::string key;
  std::string user;
  std::string password;
  std::string client_id;
  bool is_version_5 = false; ///< else 3.1.1
  /// How long the broker keeps the session of a client that is away; zero: not
  /// at all. Version 3.1.1 knows only "for ever".
  std::chrono::seconds session{};
  std::chrono::seconds keep_alive{60};
  /// What the broker publishes when the connection breaks.
  std::optional<mqtt_message> will;
  /// Filters that are subscribed to, with this QoS.
  std::vector<std::string> filters;
  int qos = 0;
  /// QoS 1 and 2: messages that are published and not acknowledged.
  int in_flight = 20;
  /// Messages that are read before their acceptance is awaited.
  int batch = 1;
  std::chrono::milliseconds connect_timeout{10'000};
  /// The pauses between attempts to connect: the first, and the longest.
  std::chrono::milliseconds pause_min{500};
  std::chrono::milliseconds pause_max{30'000};
};

class mqtt_connection {
public:
  virtual ~mqtt_connection() = default;

  /// Has on_wake() called soon. Any thread.
  virtual void wake() = 0;

  /// In callbacks only. The number that on_acknowledged() gets; nullopt: the
  /// message is refused. What has QoS 1 or 2 and was not acknowledged is
  /// published again after a reconnect.
  virtual std::optional<int> publish(const mqtt_message& x) = 0;

  /// Ends the connection soon, and releases the handler. Messages that were
  /// not accepted are not acknowledged. Any thread.
  virtual void close() = 0;
};

using mqtt_connection_ptr = std::shared_ptr<mqtt_connection>;

/// All member functions are called on the thread of the connection.
class mqtt_handler {
public:
  virtual ~mqtt_handler() = default;

  virtual void on_connected(const mqtt_connection_ptr& by) = 0;
  /// Is called for each failed attempt, too. An empty reason: it was closed.
  virtual void on_disconnected(const std::string& why) = 0;
  virtual void on_wake(mqtt_connection& by) = 0;

  /// The broker has the message with that number, or refuses it. QoS 0: it is
  /// on its way.
  virtual void on_acknowledged(mqtt_connection&, int, bool /*is_taken*/) {
    // nop
  }

  virtual void on_message(mqtt_message) {
    // nop
  }

  enum class acceptance { accepted, refused, pending };

  /// What became of the messages given so far. Accepted: they are acknowledged
  /// to the broker. Refused: the connection is closed instead, so that the
  /// broker delivers them again. Pending: nothing is read or written until
  /// wake().
  virtual acceptance accepted() {
    return acceptance::accepted;
  }
};

class mqtt_driver {
public:
  virtual ~mqtt_driver() = default;

  /// Connects, now and whenever the connection breaks, on a thread of its own.
  virtual mqtt_connection_ptr
  open(mqtt_options options, std::shared_ptr<mqtt_handler> handler)
    = 0;
};

} // namespace edgeless
