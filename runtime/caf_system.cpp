// SPDX-License-Identifier: MIT
#include "runtime/caf_system.hpp"

#include "runtime/frame_check.hpp"

#include "messages/interfaces.hpp"
#include "messages/limits.hpp"

#include <caf/io/middleman.hpp>

#include <random>

namespace edgeless {

namespace {

// CAF derives the id of a node from the machine and the process id, which
// repeat when a container restarts. An explicit instantiation may name the
// private member that holds it.
caf::node_id& node_of(caf::actor_system& system);

template <caf::node_id caf::actor_system::*Member>
struct node_access {
  friend caf::node_id& node_of(caf::actor_system& system) {
    return system.*Member;
  }
};

template struct node_access<&caf::actor_system::node_>;

/// Gives each life of a process an id of its own.
class random_node_id : public caf::actor_system::module {
public:
  explicit random_node_id(caf::actor_system& system) : system_(system) {
    // nop
  }

  void init(caf::actor_system_config&) override {
    std::random_device random;
    caf::node_id::default_data::host_id_type host;
    for (auto& x : host)
      x = static_cast<std::uint8_t>(random());
    host[0] |= 1; // never all zero
    node_of(system_) = caf::make_node_id(random() | 1u, host);
  }

  void start() override {
    // nop
  }

  void stop() override {
    // nop
  }

  // A slot that we do not use otherwise; it is initialised after the
  // middleman and before anything starts.
  id_t id() const override {
    return opencl_manager;
  }

  void* subtype_ptr() override {
    return this;
  }

private:
  caf::actor_system& system_;
};

std::string render_error(std::uint8_t code, caf::atom_value,
                         const caf::message& x) {
  auto text = to_string(static_cast<ec>(code));
  if (x.match_elements<std::string>())
    text += ": " + x.get_as<std::string>(0);
  return text;
}

} // namespace

system_config::system_config(std::size_t threads) {
  add_message_types<caf::id_block::edgeless_types>();
  add_message_types<caf::id_block::edgeless_handles>();
  add_error_category(caf::atom("edgeless"), render_error);
  set("scheduler.policy", caf::atom("sharing"));
  set("scheduler.max-threads", threads);
  // Else the I/O thread never returns to its sockets while local actors keep
  // its mailbox filled.
  set("scheduler.max-throughput", std::size_t{50});
  // Workers would share the pool with the guests, and wait behind them.
  set("middleman.workers", std::size_t{0});
  set("middleman.app-identifiers",
      std::vector<std::string>{std::string{application_id}});
  set("middleman.heartbeat-interval", caf::timespan{limits::heartbeat});
  set("middleman.connection-timeout", caf::timespan{limits::silence});
  load<caf::io::middleman>();
  module_factories.push_back(
    [](caf::actor_system& system) -> caf::actor_system::module* {
      return new random_node_id(system);
    });
}

void harden(caf::actor_system& system) {
  system.registry().erase(caf::atom("SpawnServ"));
  system.registry().erase(caf::atom("ConfigServ"));
}

} // namespace edgeless
