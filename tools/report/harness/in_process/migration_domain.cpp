// SPDX-License-Identifier: MIT
#include "tools/report/harness/in_process/migration_domain.hpp"

#include "tools/report/harness/in_process/modules.hpp"

#include "runtime/wasm/engine.hpp"

namespace edgeless::benchmark {

caf::expected<std::unique_ptr<migration_domain>>
migration_domain::make(const std::filesystem::path& scratch,
                       redis_opener mirror) {
  auto result = std::make_unique<migration_domain>();
  if (auto problem = result->open(scratch, std::move(mirror)))
    return problem;
  return result;
}

caf::error migration_domain::open(const std::filesystem::path& scratch,
                                  redis_opener mirror) {
  orchestrator_options options;
  options.mirror = std::move(mirror);
  if (auto problem
      = domain_.open(std::move(options), {relay_module(), event_log_module()}))
    return problem;
  // There may be one engine per process.
  auto engine = with_event_log(make_wasm_engine({scratch / "code"}), log_);
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    ids_[i] = draw<node_id>(os_random());
    nodes_[i] = std::make_unique<node>(ids_[i], domain_.url(), engine);
  }
  if (auto problem = domain_.wait_for_nodes(nodes_.size()))
    return problem;
  auto middle = local_domain::function(relay_module(), {});
  middle_ = middle.id;
  auto started = domain_.start_chain(ids_[0], middle, event_log_module());
  if (!started)
    return started.error();
  source_ = started->source;
  middle_at_ = started->middle_node == ids_[0] ? 0 : 1;
  for (std::size_t i = 0; i < nodes_.size(); ++i)
    if (auto problem = migrate())
      return problem;
  return caf::none;
}

caf::error migration_domain::migrate() {
  auto problem = domain_.migrate(middle_, other_node());
  if (!problem)
    on_migrated();
  return problem;
}

} // namespace edgeless::benchmark
