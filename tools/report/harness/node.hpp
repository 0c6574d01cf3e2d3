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
#include <mutex>
#include <optional>
#include <span>
#include <string>

namespace edgeless::benchmark {

/// The modules of guests/, in the program.
std::string flow_module();
std::string asker_module();
std::string relay_module();
std::string keeper_module();
std::string spinner_module();
std::string fan_module();

/// What flow.wat and asker.wat want at init.
std::string numbers(std::initializer_list<std::uint32_t> xs);

/// A free port on loopback, as a URL.
std::string free_url();

/// Events that reach the benchmark itself.
class mailbox {
public:
  void put(events batch);
  /// The next event; nothing if none comes in time.
  std::optional<event> take(std::chrono::milliseconds timeout);

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<event> events_;
};

/// A node as edgeless_node_d runs it. Unless it is given another one, its
/// orchestrator is a double in the same process: it welcomes the node and has
/// one module at a time for it.
class node {
public:
  /// `measured`: with metrics and performance samples. `tls`: what goes to
  /// other nodes is encrypted.
  node(const std::filesystem::path& cache, node_id id, bool measured = false,
       std::shared_ptr<tls_context> tls = nullptr);
  /// Of a domain, whose orchestrator is there.
  node(node_id id, const std::string& orchestrator,
       std::shared_ptr<guest_engine> engine);
  node(const node&) = delete;
  node& operator=(const node&) = delete;
  ~node();

  /// Where an instance of this node is, or will be.
  endpoint at(const physical_id& instance) const;

  /// A spec of a function; its module is to be had from now on.
  component_spec function(const std::string& module, std::string init);

  caf::error start(const physical_id& id, const component_spec& spec,
                   const output_map& outputs = {});
  /// So many at the same time; the ids of those that run.
  caf::expected<std::vector<physical_id>>
  start_many(std::size_t count, const component_spec& spec);
  void stop(std::span<const physical_id> ids);
  /// Waits until at most so many instances live here; false: they do not go.
  bool wait_for(std::size_t instances) const;
  /// Events that are cast from now on find these outputs.
  void patch(const physical_id& id, const output_map& outputs);

  /// One event for an instance here.
  void cast(const physical_id& to, std::string payload);
  /// An instance that is no function: whatever comes is handed to that one,
  /// by one thread at a time.
  physical_id add(std::function<void(events)> taker);
  /// An instance that is a mailbox.
  physical_id add(std::shared_ptr<mailbox> box);

  const event_counters& counts() const {
    return registry_->counts;
  }

private:
  struct shelf {
    std::mutex mutex;
    std::map<code_id, std::string> modules;
  };

  void spawn(const node_id& id, const std::string& orchestrator,
             std::shared_ptr<guest_engine> engine, bool measured);
  void add_orchestrator();

  system_config config_;
  caf::actor_system system_{config_};
  std::string url_ = free_url();
  session_id session_;
  std::shared_ptr<shelf> shelf_ = std::make_shared<shelf>();
  std::shared_ptr<transport> net_;
  caf::actor orchestrator_;
  instance_registry_ptr registry_;
  std::vector<sink_actor> takers_;
  node_actor node_;
  caf::scoped_actor self_{system_};
};

} // namespace edgeless::benchmark
