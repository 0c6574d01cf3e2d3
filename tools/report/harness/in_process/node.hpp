// SPDX-License-Identifier: MIT
#pragma once

#include "actors/node/instance_registry.hpp"

#include "runtime/net/basp/caf_system.hpp"
#include "runtime/net/tls_context.hpp"
#include "runtime/net/transport.hpp"
#include "runtime/wasm/guest.hpp"

#include <caf/scoped_actor.hpp>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>

namespace edgeless {
struct resource_class;
}

namespace edgeless::benchmark {

/// The init payload of burst.wat and timed_caller.wat: 32-bit numbers.
std::string numbers(std::initializer_list<std::uint32_t> xs);

/// The URL of a free port on loopback.
std::string free_url();

/// Receives events in the benchmark itself. Any thread.
class mailbox {
public:
  void put(events batch);
  /// Waits for the next event; nothing after the timeout.
  std::optional<event> take(std::chrono::milliseconds timeout);

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<event> events_;
};

using resource_classes
  = std::map<std::string, std::shared_ptr<const resource_class>>;

/// A node as edgeless_node_d runs it, in this process. Unless it is given the
/// URL of another one, its orchestrator is a stub in this process that lets it
/// join and has one module at a time.
class node {
public:
  /// With a stub orchestrator. `with_metrics`: histograms and performance
  /// samples are on. `tls`: connections to other nodes are encrypted.
  /// `classes`: of resources, by class type.
  node(const std::filesystem::path& cache, node_id id,
       bool with_metrics = false, std::shared_ptr<tls_context> tls = nullptr,
       resource_classes classes = {});
  /// With the orchestrator at that URL.
  node(node_id id, const std::string& orchestrator,
       std::shared_ptr<guest_engine> engine);
  node(const node&) = delete;
  node& operator=(const node&) = delete;
  ~node();

  /// The endpoint of an instance of this node.
  endpoint endpoint_of(const physical_id& instance) const;

  /// The spec of a function; the stub orchestrator has its module from now on,
  /// and no other.
  component_spec function(const std::string& module, std::string init);

  caf::error start(const physical_id& id, const component_spec& spec,
                   const output_map& outputs = {});
  /// Starts instances concurrently and returns their ids.
  caf::expected<std::vector<physical_id>>
  start_many(std::size_t count, const component_spec& spec);
  void stop(std::span<const physical_id> ids);
  /// Waits until at most so many instances run here; false after 30 s.
  bool wait_for_at_most(std::size_t instances) const;
  /// Patches the outputs of an instance; returns when the instance has them.
  void patch(const physical_id& id, const output_map& outputs);

  /// Casts an event to an instance of this node.
  void cast(const physical_id& to, std::string payload);
  /// Registers an instance that passes its events to `sink`, on one thread at a
  /// time.
  physical_id add_sink(std::function<void(events)> sink);
  physical_id add_sink(std::shared_ptr<mailbox> box);

  const event_counters& counts() const {
    return registry_->counts;
  }

private:
  struct module_store {
    std::mutex mutex;
    std::map<code_id, std::string> modules;
  };

  void spawn(const node_id& id, const std::string& orchestrator,
             std::shared_ptr<guest_engine> engine, bool with_metrics,
             resource_classes classes);
  void spawn_orchestrator();

  system_config config_;
  caf::actor_system system_{config_};
  std::string url_ = free_url();
  session_id session_;
  std::shared_ptr<module_store> modules_ = std::make_shared<module_store>();
  std::shared_ptr<transport> net_;
  caf::actor orchestrator_;
  instance_registry_ptr registry_;
  std::vector<sink_actor> sinks_;
  node_actor node_;
  caf::scoped_actor self_{system_};
};

} // namespace edgeless::benchmark
