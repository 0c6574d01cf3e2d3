// SPDX-License-Identifier: MIT
#pragma once

#include "actors/orchestrator/component_registry.hpp"
#include "actors/orchestrator/orchestrator_self.hpp"
#include "actors/orchestrator/placer.hpp"

#include "runtime/metrics/domain_counters.hpp"

#include "messages/intent.hpp"
#include "messages/interfaces.hpp"

#include <caf/result.hpp>
#include <caf/typed_response_promise.hpp>

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace edgeless {

/// Executes the intents of delegated orchestrators: migrate, cordon, drain. An
/// infeasible intent is refused and changes nothing. Part of its ORCHESTRATOR:
/// called by that actor only.
class intent_executor {
public:
  /// `on_uncordoned`: a node may host new components again.
  intent_executor(orchestrator_ptr self, placer& nodes,
                  component_registry& components,
                  std::shared_ptr<domain_counters> counts,
                  std::function<void()> on_uncordoned)
    : self_{self}, nodes_{nodes}, components_{components},
      counts_{std::move(counts)}, on_uncordoned_{std::move(on_uncordoned)} {
    // nop
  }

  /// Answers with what was done, or with the reason why nothing was.
  caf::result<std::string> execute(const intent& x);

private:
  using promise = caf::typed_response_promise<std::string>;

  /// A node that is being emptied.
  struct drain {
    node_id node;
    promise answer;
    std::deque<logical_id> waiting{};
    std::size_t open = 0; ///< migrations under way
    std::size_t moved = 0;
    std::size_t failed = 0;
    std::string reasons{}; ///< of the failures
  };

  caf::error refuse(ec code, std::string why);
  caf::result<std::string> migrate(const logical_id& component,
                                   const std::vector<node_id>& candidates);
  caf::result<std::string> set_cordon(const node_id& node, bool is_on);
  caf::result<std::string> start_drain(const node_id& node);
  void continue_drain(const std::shared_ptr<drain>& x);
  void start_migration(const logical_id& component, const placement& to,
                       std::function<void(const caf::error&)> done);

  orchestrator_ptr self_;
  placer& nodes_;
  component_registry& components_;
  std::shared_ptr<domain_counters> counts_;
  std::function<void()> on_uncordoned_;
};

} // namespace edgeless
