// SPDX-License-Identifier: MIT
#pragma once

#include "tools/report/harness/in_process/local_domain.hpp"
#include "tools/report/harness/in_process/node.hpp"
#include "tools/report/harness/in_process/stream.hpp"

#include "runtime/redis/client.hpp"

#include <array>

namespace edgeless::benchmark {

/// An orchestrator and two nodes in this process, each with an actor system of
/// its own, connected over loopback, as in edgeless_inabox but without a
/// controller. Source and sink are on the first node; the middle is migrated.
///
///     source (relay.wat) -> middle (relay.wat) -> sink (event log)
class migration_domain {
public:
  /// With a mirror in Redis, unless `mirror` is empty. Returns when all three
  /// functions run, and the middle has been on both nodes.
  static caf::expected<std::unique_ptr<migration_domain>>
  make(const std::filesystem::path& scratch, redis_opener mirror = {});

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
    return *log_;
  }

private:
  caf::error open(const std::filesystem::path& scratch, redis_opener mirror);

  local_domain domain_;
  std::array<node_id, 2> ids_;
  std::array<std::unique_ptr<node>, 2> nodes_;
  std::shared_ptr<event_log> log_ = std::make_shared<event_log>();
  logical_id middle_;
  physical_id source_;
  std::size_t middle_at_ = 0; ///< index of its node
};

} // namespace edgeless::benchmark
