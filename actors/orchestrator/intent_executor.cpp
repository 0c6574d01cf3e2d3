// SPDX-License-Identifier: MIT
#include "actors/orchestrator/intent_executor.hpp"

#include "runtime/base/log.hpp"

#include "messages/limits.hpp"

#include <cassert>

namespace edgeless {

caf::result<std::string> intent_executor::execute(const intent& x) {
  if (x.kind == intent_kind::migrate)
    return migrate(x.component, x.nodes);
  if (x.nodes.size() != 1)
    return refuse(ec::bad_input, to_string(x.kind)
                                   + " is for one node, not for "
                                   + std::to_string(x.nodes.size()));
  if (x.kind == intent_kind::drain)
    return start_drain(x.nodes.front());
  return set_cordon(x.nodes.front(), x.kind == intent_kind::cordon);
}

caf::error intent_executor::refuse(ec code, std::string why) {
  counts_->count_intent(intent_outcome::refused);
  return fail(code, std::move(why));
}

// -- migrate ------------------------------------------------------------------

/// To the first feasible node.
caf::result<std::string>
intent_executor::migrate(const logical_id& component,
                         const std::vector<node_id>& candidates) {
  auto* x = components_.find(component);
  if (x == nullptr)
    return refuse(ec::bad_input, "no component " + to_string(component)
                                   + " is hosted in this domain");
  auto& name = x->spec.name;
  std::string why;
  for (auto& node : candidates) {
    if (auto reasons = nodes_.why_not(x->spec, node); !reasons.empty()) {
      why += (why.empty() ? "node " : "; node ") + to_string(node) + ": "
             + join_reasons(reasons);
      continue;
    }
    auto answer = self_->make_response_promise<std::string>();
    auto text = name + " has moved to node " + to_string(node);
    start_migration(component, *nodes_.find(node),
                    [this, answer, text](const caf::error& problem) mutable {
                      counts_->count_intent(problem ? intent_outcome::failed
                                                    : intent_outcome::done);
                      if (problem)
                        answer.deliver(problem);
                      else
                        answer.deliver(text);
                    });
    return answer;
  }
  if (why.empty())
    why = "no node is named";
  return refuse(ec::no_feasible_node,
                name + " cannot move: " + why.substr(0, limits::text));
}

/// Asks the component to migrate, and counts how the migration ends.
void intent_executor::start_migration(
  const logical_id& component, const placement& to,
  std::function<void(const caf::error&)> done) {
  auto* x = components_.find(component);
  assert(x != nullptr);
  // The loss of the target node concerns the component from now on.
  components_.expect(component, to.session);
  auto begun = self_->clock().now();
  auto on_end = [this, component, session = to.session, begun,
                 done](const caf::error& problem) {
    components_.withdraw_expected(component, session);
    auto* y = components_.find(component);
    auto runs = y != nullptr && y->instance;
    counts_->count_migration(!problem ? migration_outcome::done
                             : runs   ? migration_outcome::abandoned
                                      : migration_outcome::lost,
                             self_->clock().now() - begun);
    done(problem);
  };
  self_
    ->request(x->handle, limits::migration * (limits::moves + 1),
              atom::migrate_v, to)
    .then([on_end](atom::ok) { on_end(caf::none); },
          [on_end](const caf::error& problem) { on_end(problem); });
}

// -- cordon -------------------------------------------------------------------

caf::result<std::string> intent_executor::set_cordon(const node_id& node,
                                                     bool is_on) {
  if (nodes_.find(node) == nullptr && !nodes_.is_cordoned(node))
    return refuse(ec::bad_input,
                  "node " + to_string(node) + " is not in this domain");
  auto changed = nodes_.set_cordon(node, is_on);
  assert(nodes_.is_cordoned(node) == is_on);
  auto text = "node " + to_string(node) + (changed ? " is " : " was ")
              + (is_on     ? "cordoned"
                 : changed ? "not cordoned anymore"
                           : "not cordoned")
              + (changed ? "" : " already");
  log_info("orchestrator", text);
  if (changed && !is_on)
    on_uncordoned_();
  counts_->count_intent(intent_outcome::done);
  return text;
}

// -- drain --------------------------------------------------------------------

caf::result<std::string> intent_executor::start_drain(const node_id& node) {
  auto* at = nodes_.find(node);
  if (at == nullptr)
    return refuse(ec::bad_input,
                  "node " + to_string(node) + " is not in this domain");
  nodes_.set_cordon(node, true);
  auto x = std::make_shared<drain>(
    drain{node, self_->make_response_promise<std::string>()});
  for (auto& id : components_.assigned_to(at->session))
    x->waiting.push_back(id);
  log_info("orchestrator", "draining a node: node=", node,
           " components=", x->waiting.size());
  auto answer = x->answer;
  continue_drain(x);
  return answer;
}

/// Some migrations at a time. Components that cannot leave stay; the answer has
/// the reasons.
void intent_executor::continue_drain(const std::shared_ptr<drain>& x) {
  auto on_end = [x](const std::string& name, const caf::error& problem) {
    if (!problem) {
      ++x->moved;
      return;
    }
    ++x->failed;
    if (x->reasons.size() < limits::text)
      x->reasons += "; " + name + ": " + explain(problem);
  };
  while (!x->waiting.empty() && x->open < limits::drain_migrations) {
    auto id = x->waiting.front();
    x->waiting.pop_front();
    auto* component = components_.find(id);
    if (component == nullptr)
      continue; // removed meanwhile
    auto& spec = component->spec;
    auto to = nodes_.choose(spec);
    if (!to) {
      on_end(spec.name, fail(ec::no_feasible_node, nodes_.why_nowhere(spec)));
      continue;
    }
    ++x->open;
    start_migration(
      id, *to, [this, x, on_end, name = spec.name](const caf::error& problem) {
        assert(x->open > 0);
        --x->open;
        on_end(name, problem);
        continue_drain(x);
      });
  }
  if (x->open > 0 || !x->answer.pending())
    return;
  auto text = "node " + to_string(x->node) + " is cordoned; "
              + std::to_string(x->moved) + " components moved";
  if (x->failed > 0)
    text += ", " + std::to_string(x->failed) + " did not" + x->reasons;
  counts_->count_intent(x->failed > 0 ? intent_outcome::failed
                                      : intent_outcome::done);
  x->answer.deliver(text);
}

} // namespace edgeless
