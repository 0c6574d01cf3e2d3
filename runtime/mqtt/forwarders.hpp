// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/mqtt/configuration.hpp"
#include "runtime/mqtt/forwarder.hpp"

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace edgeless {

struct mqtt_forwarder_options {
  std::string node; ///< a part of client ids
  mqtt_identity identity;
  /// Where the queues are, and the most bytes of each.
  std::filesystem::path folder;
  std::uint64_t capacity = 0;
};

/// The forwarders of a node. One whose resource has ended, moved or was stopped
/// continues until its broker has all that is on disk, also after a restart.
/// Any thread.
class mqtt_forwarders : public std::enable_shared_from_this<mqtt_forwarders> {
public:
  mqtt_forwarders(mqtt_driver& driver, mqtt_forwarder_options options,
                  connector_counters_ptr counters)
    : driver_{driver}, options_{std::move(options)}, counters_{
                                                       std::move(counters)} {
    // nop
  }
  ~mqtt_forwarders();

  /// Continues what an earlier run has left in the folder. An error: the folder
  /// cannot be used.
  caf::error restore();

  /// The forwarder of a component, for its present instance. An error says what
  /// the configuration lacks.
  caf::expected<std::shared_ptr<mqtt_forwarder>>
  attach(const std::string& component, const mqtt_configuration& configuration);
  /// The instance has ended.
  void detach(const std::string& component);

private:
  struct entry {
    std::shared_ptr<mqtt_forwarder> forwarder;
    mqtt_connection_ptr connection;
    std::size_t instances = 0;
  };

  caf::expected<entry> make(const std::string& component,
                            const mqtt_configuration& configuration);
  void finish(const std::string& component);
  void remove(const std::string& component);

  mqtt_driver& driver_;
  const mqtt_forwarder_options options_;
  const connector_counters_ptr counters_;
  std::mutex mutex_;
  std::map<std::string, entry> entries_; ///< by component
};

} // namespace edgeless
