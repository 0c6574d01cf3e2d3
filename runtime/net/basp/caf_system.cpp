// SPDX-License-Identifier: MIT
#include "runtime/net/basp/caf_system.hpp"

#include "runtime/net/basp/frame_validator.hpp"

#include "messages/interfaces.hpp"
#include "messages/limits.hpp"

#include <caf/detail/sync_request_bouncer.hpp>
#include <caf/io/basp_broker.hpp>
#include <caf/io/middleman.hpp>

#include <future>

namespace edgeless {

namespace {

// CAF 0.17.6 derives the id of a node from the machine and the process id,
// which repeat when a container restarts. An explicit instantiation gives
// access to the private member that holds it.
caf::node_id& node_of(caf::actor_system& system);

template <caf::node_id caf::actor_system::*Member>
struct node_access {
  friend caf::node_id& node_of(caf::actor_system& system) {
    return system.*Member;
  }
};

template struct node_access<&caf::actor_system::node_>;

/// Stops a broker as CAF does, and also closes its mailbox, which CAF 0.17.6
/// leaves open.
void stop_broker(caf::io::basp_broker& broker, caf::execution_unit& context) {
  broker.context(&context);
  broker.quit();
  broker.finalize();
  broker.mailbox().close();
  broker.get_normal_queue().flush_cache();
  broker.get_urgent_queue().flush_cache();
  caf::detail::sync_request_bouncer bounce{caf::exit_reason::user_shutdown};
  while (broker.mailbox().queue().new_round(1000, bounce).consumed_items) {
  }
}

/// Gives each process a random node id, and stops the BASP broker.
class random_node_id : public caf::actor_system::module {
public:
  explicit random_node_id(caf::actor_system& system) : system_(system) {
    // nop
  }

  void init(caf::actor_system_config&) override {
    auto random = os_random();
    caf::node_id::default_data::host_id_type host;
    for (auto& x : host)
      x = static_cast<std::uint8_t>(random());
    host[0] |= 1; // never all zero
    node_of(system_)
      = caf::make_node_id(static_cast<std::uint32_t>(random()) | 1u, host);
  }

  void start() override {
    // nop
  }

  /// An actor counts as terminated before its down messages are sent. A
  /// message that reaches the stopped broker stays in its mailbox and keeps
  /// its sender alive; the system would wait for a detached sender for ever.
  void stop() override {
    auto& middleman = system_.middleman();
    auto& context = middleman.backend();
    auto broker
      = middleman.named_broker<caf::io::basp_broker>(caf::atom("BASP"));
    auto done = std::make_shared<std::promise<void>>();
    context.post([done, broker, &context] {
      stop_broker(*caf::actor_cast<caf::io::basp_broker*>(broker), context);
      done->set_value();
    });
    done->get_future().wait_for(limits::local);
  }

  // An unused module slot, which is initialised after the middleman, before
  // any module starts, and stopped before the middleman.
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

caf::actor network_actor_of(caf::actor_system& system) {
  return system.middleman().named_broker<caf::io::basp_broker>(
    caf::atom("BASP"));
}

system_config::system_config(std::size_t threads) {
  add_message_types<caf::id_block::edgeless_types>();
  add_message_types<caf::id_block::edgeless_handles>();
  add_error_category(caf::atom("edgeless"), render_error);
  set("scheduler.policy", caf::atom("sharing"));
  set("scheduler.max-threads", threads);
  // Without a limit, the I/O thread would not return to its sockets while
  // local actors keep the broker's mailbox filled.
  set("scheduler.max-throughput", std::size_t{50});
  // Workers would share the thread pool with the guests and wait for them.
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

void disable_remote_spawn(caf::actor_system& system) {
  system.registry().erase(caf::atom("SpawnServ"));
  system.registry().erase(caf::atom("ConfigServ"));
}

} // namespace edgeless
