// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

/// The driver "dda": the sidecar of a Data Distribution Agent, by gRPC. Without
/// CAF's types.
namespace edgeless {

struct dda_options {
  /// HOST:PORT.
  std::string target;
  bool uses_tls = false;
  std::chrono::milliseconds call_timeout{10'000};
  /// The pauses between attempts to subscribe: the first, and the longest.
  std::chrono::milliseconds pause_min{500};
  std::chrono::milliseconds pause_max{30'000};
  std::size_t message_bytes = 16u << 20;
  /// Messages of one subscription that are not done.
  std::size_t window = 1;
};

struct dda_request {
  enum class kind {
    publish_event,
    publish_action,
    publish_query,
    publish_action_result,
    publish_query_result,
    propose_set,
    propose_delete,
    store_get,
    store_set,
    store_delete,
    store_delete_all,
    store_delete_prefix,
    store_delete_range,
    store_scan_prefix,
    store_scan_range,
  };
  kind what = kind::publish_event;
  /// The type of what is published, the correlation id of a result, a key, a
  /// prefix, or the begin of a range.
  std::string name;
  std::string end; ///< of a range
  std::string data;
  std::string id; ///< of what is published
  std::string source;
};

struct dda_result {
  std::string problem; ///< empty: it succeeded
  /// The key that a scan has found first.
  std::string name;
  /// The first result, or the value.
  std::string data;
};

struct dda_subscription {
  enum class pattern { event, action, query, input, membership };
  pattern what = pattern::event;
  std::string type; ///< of events, actions and queries
};

struct dda_message {
  /// A correlation id, the key of an input, or the id of a member.
  std::string name;
  std::string data;
  /// The input sets the key, the member has joined; else deleted, left.
  bool is_set = false;
};

class dda_connection {
public:
  /// Ends soon. Calls under way fail.
  virtual ~dda_connection() = default;

  /// Waits for the sidecar, up to the timeout. `on_done` is called once, from
  /// any thread.
  virtual void
  call(const dda_request& x, std::function<void(dda_result)> on_done)
    = 0;

  /// Called with each message, on a thread of the subscription; `done` once,
  /// from any thread.
  using message_handler
    = std::function<void(dda_message x, std::function<void()> done)>;

  /// Subscribes, and again whenever the subscription ends, which `on_end` gets
  /// told.
  virtual void subscribe(const dda_subscription& x, message_handler on_message,
                         std::function<void(const std::string&)> on_end)
    = 0;
};

class dda_driver {
public:
  virtual ~dda_driver() = default;
  virtual std::unique_ptr<dda_connection> open(const dda_options& options) = 0;
};

} // namespace edgeless
