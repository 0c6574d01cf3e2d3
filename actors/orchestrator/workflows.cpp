// SPDX-License-Identifier: MIT
#include "actors/orchestrator/component.hpp"
#include "actors/orchestrator/orchestrator.hpp"

#include "runtime/base/log.hpp"

#include <caf/actor_cast.hpp>

#include <algorithm>

namespace edgeless {

caf::result<orchestrator_state::statuses>
orchestrator_state::host(const workflow_id& workflow,
                         const std::vector<component_spec>& specs) {
  auto promise = self->make_response_promise<statuses>();
  if (workflows.contains(workflow)) {
    gather(workflow, promise);
    return promise;
  }
  auto& ids = workflows[workflow];
  auto waiting = expect(workflow);
  for (auto& spec : specs) {
    ids.push_back(spec.id);
    if (!spec.code.empty())
      obtain(spec.code);
    raise(spec, waiting);
  }
  // Who feeds whom: the listener learns where its target lives.
  for (auto& spec : specs)
    for (auto& [channel, target] : spec.wiring)
      if (auto i = components.find(target); i != components.end())
        self->send(i->second.handle, atom::watch_v,
                   listener_actor{components[spec.id].handle});
  hosting[workflow].push_back(promise);
  self->delayed_send(self, limits::host - std::chrono::seconds{1},
                     atom::expire_v, workflow);
  if (specs.empty())
    answer_host(workflow);
  claim(workflow);
  return promise;
}

void orchestrator_state::raise(const component_spec& spec, bool waiting) {
  auto& x = components[spec.id];
  x.spec = spec;
  tell_proxy(atom::host_v, spec);
  x.handle = self->spawn(component, spec, orchestrator_actor{self},
                         options.random, waiting);
  unplaced.insert(spec.id);
  ++users[spec.code];
  options.counts->components = components.size();
}

/// It need not wait for what may still come back.
void orchestrator_state::release(const component_entry& x) {
  self->send(caf::actor_cast<component_self_actor>(x.handle), recovery_over{});
}

/// A component lives somewhere else now, or nowhere.
void orchestrator_state::moved(const logical_id& id, const endpoint& at) {
  auto i = components.find(id);
  if (i == components.end())
    return;
  auto& x = i->second;
  options.counts->running += !at.instance ? 0 : !x.instance;
  options.counts->running -= at.instance ? 0 : !!x.instance;
  if (at && std::exchange(x.lived, true) && at.instance != x.instance)
    ++options.counts->relocations;
  x.instance = at.instance;
  tell_proxy(atom::moved_v, id, at);
  if (at) {
    unplaced.erase(id);
    assign(id, x, at.session);
  } else {
    unplaced.insert(id);
  }
  if (at.predecessor) {
    x.former = at.predecessor;
    x.former_until = self->clock().now() + limits::hand_over;
  }
  if (std::exchange(x.settled, true) || !hosting.contains(x.spec.workflow))
    return;
  auto& all = workflows[x.spec.workflow];
  if (std::ranges::all_of(all,
                          [this](auto& y) { return components[y].settled; }))
    answer_host(x.spec.workflow);
}

// -- who lives where ----------------------------------------------------------

/// It lives in that session, or is about to.
void orchestrator_state::assign(const logical_id& id, component_entry& x,
                                const session_id& session) {
  auto former = std::exchange(x.session, session);
  if (sessions.contains(session))
    assigned[session].insert(id);
  if (former != session)
    unassign(id, former);
}

/// ...and not there anymore, unless it may be on its way. While the domain is
/// learning, what was found there may still be its instance.
void orchestrator_state::unassign(const logical_id& id,
                                  const session_id& session) {
  auto i = components.find(id);
  auto stays
    = i != components.end() && (recovery || targets(i->second, session));
  auto all = assigned.find(session);
  if (stays || all == assigned.end())
    return;
  all->second.erase(id);
  if (all->second.empty())
    assigned.erase(all);
}

/// Everything runs or has failed once, or has had its time.
void orchestrator_state::answer_host(const workflow_id& workflow) {
  auto i = hosting.find(workflow);
  if (i == hosting.end())
    return;
  for (auto& promise : i->second)
    gather(workflow, promise);
  hosting.erase(i);
}

void orchestrator_state::hosted(const std::vector<workflow_id>& all) {
  std::set<workflow_id> wanted{all.begin(), all.end()};
  std::vector<workflow_id> strays;
  for (auto& [workflow, ids] : workflows)
    if (!wanted.contains(workflow))
      strays.push_back(workflow);
  for (auto& x : strays)
    drop(x);
  hear_of(wanted);
}

caf::result<atom::ok> orchestrator_state::drop(const workflow_id& workflow) {
  auto i = workflows.find(workflow);
  if (i == workflows.end())
    return atom::ok_v;
  answer_host(workflow);
  for (auto& id : i->second) {
    auto& x = components[id];
    self->send(x.handle, atom::stop_v);
    options.counts->running -= !!x.instance;
    unplaced.erase(id);
    if (auto j = users.find(x.spec.code); --j->second == 0)
      users.erase(j);
    auto known = x.bound;
    known.push_back(x.session);
    components.erase(id);
    for (auto& session : known)
      unassign(id, session);
    tell_proxy(atom::drop_v, id);
  }
  options.counts->components = components.size();
  workflows.erase(i);
  log_info("orchestrator", "dropped workflow ", workflow);
  code.keep([this](const code_id& x) { return users.contains(x); });
  return atom::ok_v;
}

caf::result<orchestrator_state::statuses>
orchestrator_state::inspect(const workflow_id& workflow) {
  auto promise = self->make_response_promise<statuses>();
  gather(workflow, promise);
  return promise;
}

void orchestrator_state::gather(const workflow_id& workflow,
                                caf::typed_response_promise<statuses> promise) {
  auto i = workflows.find(workflow);
  if (i == workflows.end()) {
    promise.deliver(fail(ec::unknown_workflow,
                         "nobody here hosts workflow " + to_string(workflow)));
    return;
  }
  struct counters {
    statuses result;
    std::size_t open;
  };
  auto asked = std::make_shared<counters>();
  asked->result.resize(i->second.size());
  asked->open = i->second.size();
  if (asked->open == 0)
    promise.deliver(asked->result);
  for (std::size_t k = 0; k < i->second.size(); ++k) {
    auto done = [asked, promise]() mutable {
      if (--asked->open == 0)
        promise.deliver(std::move(asked->result));
    };
    self
      ->request(components[i->second[k]].handle, limits::local, atom::inspect_v)
      .then(
        [asked, k, done](component_status& x) mutable {
          asked->result[k] = std::move(x);
          done();
        },
        [done](const caf::error&) mutable { done(); });
  }
}

void orchestrator_state::stop() {
  for (auto& [id, x] : components)
    self->send_exit(x.handle, caf::exit_reason::user_shutdown);
  tell_proxy(atom::stop_v);
  self->quit();
}

} // namespace edgeless
