// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/delivery/disk_queue.hpp"
#include "runtime/drivers/mqtt.hpp"
#include "runtime/metrics/connector_counters.hpp"

#include <caf/error.hpp>

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace edgeless {

/// Publishes messages of one resource in order. Messages of QoS 1 and 2 that
/// the broker has not acknowledged when the connection breaks, and those that
/// come meanwhile, are kept on disk until it has. All member functions may be
/// called by any thread.
class mqtt_forwarder : public mqtt_handler {
public:
  struct request {
    mqtt_message message;
    /// Called once: the broker has the message, or the disk; or why neither.
    std::function<void(caf::error)> on_done;
  };

  using store_opener
    = std::function<caf::expected<std::unique_ptr<disk_queue>>()>;

  /// `open` is called when the disk is needed for the first time; `stored` is
  /// what an earlier run has left, or nullptr. `in_flight`: messages that are
  /// published and not acknowledged.
  mqtt_forwarder(std::string name, int qos, bool is_retained,
                 std::size_t in_flight, store_opener open,
                 std::unique_ptr<disk_queue> stored,
                 connector_counters_ptr counters);
  ~mqtt_forwarder() override;

  /// Takes messages over.
  void add(std::vector<request> batch);

  /// No message will be added. True: nothing is left to be done. Else `on_end`
  /// is called when the broker has all messages. Those in memory go to the
  /// disk.
  bool finish(std::function<void()> on_end);
  /// Messages may be added again; on_end is not called anymore.
  void resume();

  // -- of the connection ------------------------------------------------------
  void on_connected(const mqtt_connection_ptr& by) override;
  void on_disconnected(const std::string& why) override;
  void on_wake(mqtt_connection& by) override;
  void on_acknowledged(mqtt_connection& by, int id, bool is_taken) override;

private:
  /// A published message: its number on disk, or, if zero, the message itself.
  struct published {
    int id = 0;
    std::int64_t number = 0;
    request content{};
  };

  bool has_backlog() const;
  void publish_waiting(mqtt_connection& by);
  bool publish_stored(mqtt_connection& by);
  void publish(mqtt_connection& by, request x);
  void remove_acknowledged();
  void store(std::vector<request> batch);
  caf::error write(const std::vector<request>& batch);
  void store_memory();
  void update_gauges();
  bool clean_up();
  void check_end(std::unique_lock<std::mutex>& guard);

  const std::string name_;
  const int qos_;
  const bool is_retained_;
  const std::size_t in_flight_;
  const store_opener open_;
  const connector_counters_ptr counters_;

  std::mutex mutex_;
  mqtt_connection_ptr connection_; ///< nullptr: there is none
  std::unique_ptr<disk_queue> stored_;
  std::uint64_t counted_ = 0, counted_bytes_ = 0; ///< of stored_, in the gauges
  std::deque<request> waiting_;            ///< behind all stored messages
  std::deque<published> sent_;             ///< in order
  std::vector<std::int64_t> acknowledged_; ///< on disk, to be removed
  std::int64_t cursor_ = 0;   ///< stored messages up to this one are published
  bool was_connected_ = true; ///< the failure that follows is logged
  std::function<void()> on_end_;
};

} // namespace edgeless
