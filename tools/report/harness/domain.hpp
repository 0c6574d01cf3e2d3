// SPDX-License-Identifier: MIT
#pragma once

#include "tools/report/harness/controller_stub.hpp"
#include "tools/report/harness/node.hpp"
#include "tools/report/harness/stream.hpp"
#include "tools/report/plan.hpp"

#include "runtime/net/basp/caf_system.hpp"
#include "runtime/net/transport.hpp"
#include "runtime/redis/client.hpp"

#include "messages/interfaces.hpp"

#include <caf/scoped_actor.hpp>

#include <array>

namespace edgeless::benchmark {

/// An orchestrator and two nodes in this process, each with an actor system of
/// its own, connected over loopback, as in edgeless_inabox but without a
/// controller. Source and sink are on the first node; the middle is migrated.
///
///     source (relay.wat) -> middle (relay.wat) -> sink (event log)
class domain {
public:
  /// With a mirror in Redis, unless `mirror` is empty. Returns when all three
  /// functions run, and the middle has been on both nodes.
  static caf::expected<std::unique_ptr<domain>>
  make(const std::filesystem::path& scratch, redis_opener mirror = {});
  domain(const domain&) = delete;
  domain& operator=(const domain&) = delete;
  ~domain();

  /// Migrates the middle to the other node; returns when it runs there.
  caf::error migrate();

  /// Another client has migrated the middle to the other node.
  void on_migrated() {
    middle_at_ = 1 - middle_at_;
  }

  /// The node that does not have the middle.
  node_id other_node() const {
    return ids_[1 - middle_at_];
  }

  const logical_id& middle() const {
    return middle_;
  }

  /// The node of source and sink.
  node& front() {
    return *nodes_[0];
  }
  const physical_id& source() const {
    return source_;
  }

  event_log& sink() {
    return *event_log_;
  }

private:
  domain() = default;

  caf::error open(const std::filesystem::path& scratch, redis_opener mirror);
  caf::error listen(const std::string& where);
  bool has_nodes();
  caf::error start_functions();
  std::vector<component_spec> components();

  system_config config_;
  caf::actor_system system_{config_};
  std::shared_ptr<transport> net_;
  orchestrator_actor orchestrator_;
  std::unique_ptr<listener> acceptor_;
  controller_stub controller_;
  std::array<node_id, 2> ids_;
  std::array<std::unique_ptr<node>, 2> nodes_;
  std::shared_ptr<event_log> event_log_ = std::make_shared<event_log>();
  logical_id middle_;
  physical_id source_;
  std::size_t middle_at_ = 0; ///< index of its node
  caf::scoped_actor self_{system_};
};

} // namespace edgeless::benchmark
