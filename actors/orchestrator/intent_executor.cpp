// SPDX-License-Identifier: MIT
#include "actors/orchestrator/orchestrator.hpp"

#include "runtime/base/log.hpp"

#include <algorithm>

namespace edgeless {

namespace {

std::string joined(const std::vector<std::string>& reasons) {
  std::string result;
  for (auto& x : reasons)
    result += (result.empty() ? "" : ", ") + x;
  return result;
}

} // namespace

caf::result<std::string> orchestrator_state::enact(const intent& x) {
  if (x.kind == intent_kind::migrate)
    return migrate(x.component, x.nodes);
  if (x.nodes.size() != 1)
    return refuse(ec::bad_input, to_string(x.kind)
                                   + " is for one node, not for "
                                   + std::to_string(x.nodes.size()));
  switch (x.kind) {
  case intent_kind::drain:
    return drain(x.nodes.front());
  default:
    return cordon(x.nodes.front(), x.kind == intent_kind::cordon);
  }
}

caf::error orchestrator_state::refuse(ec code, std::string why) {
  options.counts->count_intent(intent_outcome::refused);
  return fail(code, std::move(why));
}

/// A component of which a session is home, or where it may be soon.
bool orchestrator_state::targets(const component_entry& x,
                                 const session_id& session) const {
  return x.session == session || std::ranges::count(x.bound, session) > 0;
}

// -- migrate ------------------------------------------------------------------

/// To the first feasible one; a cordoned node is not.
caf::result<std::string>
orchestrator_state::migrate(const logical_id& component,
                            const std::vector<node_id>& candidates) {
  auto i = components.find(component);
  if (i == components.end())
    return refuse(ec::bad_input, "no component " + to_string(component)
                                   + " is hosted in this domain");
  auto& spec = i->second.spec;
  std::string why;
  for (auto& id : candidates) {
    auto node = nodes.find(id);
    auto reasons = node == nodes.end()
                     ? std::vector<std::string>{"is not in this domain"}
                     : why_not(spec, node->second);
    if (!reasons.empty()) {
      why += (why.empty() ? "node " : "; node ") + to_string(id) + ": "
             + joined(reasons);
      continue;
    }
    auto promise = self->make_response_promise<std::string>();
    auto said = spec.name + " has moved to node " + to_string(id);
    send_away(component, at(node->second),
              [this, promise, said](const caf::error& x) mutable {
                options.counts->count_intent(x ? intent_outcome::failed
                                               : intent_outcome::done);
                if (x)
                  promise.deliver(x);
                else
                  promise.deliver(said);
              });
    return promise;
  }
  if (why.empty())
    why = "no node is named";
  return refuse(ec::no_feasible_node,
                spec.name + " cannot move: " + why.substr(0, limits::text));
}

void orchestrator_state::send_away(const logical_id& component,
                                   const placement& to, done then) {
  auto& x = components[component];
  x.bound.push_back(to.session);
  assigned[to.session].insert(component);
  auto begun = self->clock().now();
  auto ended = [this, component, session = to.session, begun,
                then](const caf::error& problem) {
    count_migration(component, problem, begun);
    if (auto i = components.find(component); i != components.end()) {
      auto& bound = i->second.bound;
      if (auto k = std::ranges::find(bound, session); k != bound.end())
        bound.erase(k);
      unassign(component, session);
    }
    then(problem);
  };
  self
    ->request(x.handle, limits::migration * (limits::moves + 1),
              atom::migrate_v, to)
    .then([ended](atom::ok) { ended(caf::none); },
          [ended](const caf::error& problem) { ended(problem); });
}

void orchestrator_state::count_migration(const logical_id& component,
                                         const caf::error& problem,
                                         caf::actor_clock::time_point begun) {
  auto i = components.find(component);
  auto lives = i != components.end() && i->second.instance;
  options.counts->count_migration(!problem ? migration_outcome::done
                                  : lives  ? migration_outcome::abandoned
                                           : migration_outcome::lost,
                                  self->clock().now() - begun);
}

// -- cordon -------------------------------------------------------------------

/// By its id: another session, or another life, changes nothing.
caf::result<std::string> orchestrator_state::cordon(const node_id& node,
                                                    bool on) {
  if (!nodes.contains(node) && !cordoned.contains(node))
    return refuse(ec::bad_input,
                  "node " + to_string(node) + " is not in this domain");
  auto changed = on ? cordoned.insert(node).second : cordoned.erase(node) > 0;
  auto said = "node " + to_string(node) + (changed ? " is " : " was ")
              + (on        ? "cordoned"
                 : changed ? "not cordoned anymore"
                           : "not cordoned")
              + (changed ? "" : " already");
  log_info("orchestrator", said);
  if (on)
    picker->remove(node);
  else if (auto i = nodes.find(node); i != nodes.end())
    picker->put(i->second.description);
  if (changed && !on) {
    tell_to_seek();
    tell_controller();
  }
  options.counts->count_intent(intent_outcome::done);
  return said;
}

// -- drain --------------------------------------------------------------------

caf::result<std::string> orchestrator_state::drain(const node_id& node) {
  auto i = nodes.find(node);
  if (i == nodes.end())
    return refuse(ec::bad_input,
                  "node " + to_string(node) + " is not in this domain");
  cordoned.insert(node);
  picker->remove(node);
  auto x = std::make_shared<drainage>();
  x->node = node;
  x->promise = self->make_response_promise<std::string>();
  for_assigned(i->second.session,
               [&](component_entry& y) { x->left.push_back(y.spec.id); });
  log_info("orchestrator", "draining node ", node, " of ", x->left.size(),
           " components");
  auto promise = x->promise;
  drain_next(x);
  return promise;
}

/// Some at a time; who cannot go stays, and the answer says why.
void orchestrator_state::drain_next(const std::shared_ptr<drainage>& x) {
  auto settle = [x](const std::string& name, const caf::error& problem) {
    if (!problem) {
      ++x->moved;
      return;
    }
    ++x->failed;
    if (x->reasons.size() < limits::text)
      x->reasons += "; " + name + ": " + explain(problem);
  };
  while (!x->left.empty() && x->open < limits::drain_migrations) {
    auto id = x->left.front();
    x->left.pop_front();
    auto i = components.find(id);
    if (i == components.end())
      continue; // dropped meanwhile
    auto& spec = i->second.spec;
    auto to = choose(spec);
    if (!to) {
      settle(spec.name, fail(ec::no_feasible_node, why_nowhere(spec)));
      continue;
    }
    ++x->open;
    send_away(id, *to,
              [this, x, settle, name = spec.name](const caf::error& problem) {
                --x->open;
                settle(name, problem);
                drain_next(x);
              });
  }
  if (x->open > 0 || !x->promise.pending())
    return;
  auto said = "node " + to_string(x->node) + " is cordoned; "
              + std::to_string(x->moved) + " components moved";
  if (x->failed > 0)
    said += ", " + std::to_string(x->failed) + " did not" + x->reasons;
  options.counts->count_intent(x->failed > 0 ? intent_outcome::failed
                                             : intent_outcome::done);
  x->promise.deliver(said);
}

} // namespace edgeless
