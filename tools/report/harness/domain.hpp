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

/// An orchestrator and two nodes, each in an actor system of its own, over
/// loopback, as in a box. There is no controller: it would only be in the way.
/// Source and sink live on the first node; what is between them moves.
///
///     source (relay.wat) -> middle (relay.wat) -> sink (tape)
class domain {
public:
  /// Mirrored to a Redis, unless `mirror` is empty. Returns when all three
  /// run, and both nodes have had the middle.
  static caf::expected<std::unique_ptr<domain>>
  make(const std::filesystem::path& scratch, redis_opener mirror = {});
  domain(const domain&) = delete;
  domain& operator=(const domain&) = delete;
  ~domain();

  /// The middle moves to the other node; returns when it has.
  caf::error move();

  /// Whoever asked for it elsewhere: the middle lives on the other node now.
  void turn() {
    home_ = 1 - home_;
  }

  /// Where the middle does not live.
  node_id other() const {
    return ids_[1 - home_];
  }

  const logical_id& middle() const {
    return middle_;
  }

  /// Where events go in.
  node& front() {
    return *nodes_[0];
  }
  const physical_id& source() const {
    return source_;
  }

  event_log& sink() {
    return *tape_;
  }

private:
  domain() = default;

  caf::error open(const std::filesystem::path& scratch, redis_opener mirror);
  caf::error listen(const std::string& where);
  bool has_nodes();
  caf::error host();
  std::vector<component_spec> components();

  system_config config_;
  caf::actor_system system_{config_};
  std::shared_ptr<transport> net_;
  orchestrator_actor orchestrator_;
  std::unique_ptr<listener> acceptor_;
  controller_link controller_link_;
  std::array<node_id, 2> ids_;
  std::array<std::unique_ptr<node>, 2> nodes_;
  std::shared_ptr<event_log> tape_ = std::make_shared<event_log>();
  logical_id middle_;
  physical_id source_;
  std::size_t home_ = 0;
  caf::scoped_actor self_{system_};
};

} // namespace edgeless::benchmark
