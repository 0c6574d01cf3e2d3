// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

/// The driver "kafka": producers and consumers of Kafka clusters. Without CAF's
/// types.
namespace edgeless {

struct kafka_message {
  std::string topic;
  std::string key;
  std::string payload;
};

/// Names and values of librdkafka's configuration. Later ones count.
using kafka_properties = std::vector<std::pair<std::string, std::string>>;

/// Is called for each failure of a connection, from any thread.
using kafka_problem_handler = std::function<void(const std::string&)>;

class kafka_producer {
public:
  /// Ends soon: what has not been delivered fails.
  virtual ~kafka_producer() = default;

  /// An empty text: all replicas in sync have the message.
  using delivery_handler = std::function<void(const std::string& problem)>;

  /// Never blocks. `on_done` is called once, maybe at once. Any thread.
  virtual void send(const kafka_message& x, delivery_handler on_done) = 0;
};

class kafka_consumer {
public:
  /// Ends soon, and commits what was accepted.
  virtual ~kafka_consumer() = default;

  /// Takes a message, and calls `done` once, from any thread: true commits it.
  /// False: the consumer starts again with what was not committed.
  using message_handler
    = std::function<void(kafka_message x, std::function<void(bool)> done)>;
};

class kafka_driver {
public:
  virtual ~kafka_driver() = default;

  /// nullptr: `problem` says which property is wrong. Connects in the
  /// background.
  virtual std::unique_ptr<kafka_producer>
  produce(const kafka_properties& properties, kafka_problem_handler on_problem,
          std::string& problem)
    = 0;

  /// The same. At most `window` messages are not done.
  virtual std::unique_ptr<kafka_consumer>
  consume(const kafka_properties& properties,
          const std::vector<std::string>& topics, std::size_t window,
          kafka_consumer::message_handler on_message,
          kafka_problem_handler on_problem, std::string& problem)
    = 0;
};

} // namespace edgeless
