// SPDX-License-Identifier: MIT
#include "actors/orchestrator/orchestrator.hpp"

#include "actors/gather.hpp"
#include "actors/orchestrator/component.hpp"
#include "actors/proxy/proxy.hpp"

#include "runtime/base/log.hpp"

#include "messages/message_size.hpp"

#include <caf/actor_cast.hpp>

#include <cassert>
#include <ranges>
#include <set>

namespace edgeless {

orchestrator_state::orchestrator_state(pointer self)
  : self{self}, modules{self}, mirrored{self}, relayed{self} {
  make_parts();
}

/// With the default options until init() is called, which the scheduler may
/// delay: the parts always exist.
void orchestrator_state::make_parts() {
  components.emplace(options.counts);
  nodes.emplace(options.strategy, options.random, options.counts);
  members.emplace(self, options.net, options.keep_alive_interval,
                  options.random, options.counts, on_membership());
  adopting.emplace(self, *components, *members);
  reconciling.emplace(self, *components);
  intents.emplace(self, *nodes, *components, options.counts, [this] {
    schedule_retry();
    notify_controller();
  });
}

void orchestrator_state::init(orchestrator_options x) {
  options = std::move(x);
  make_parts();
  if (options.mirror) {
    proxy_options y;
    y.open = options.mirror;
    y.owner = {options.domain_id, options.url,
               to_string(draw<boot_id>(options.random))};
    y.mirrored.schema = options.schema;
    y.mirrored.domain = options.domain_id;
    y.mirrored.samples = options.mirrored_samples;
    y.dataset = options.dataset;
    y.counts = options.counts;
    y.where = options.where;
    mirrored.set_proxy(spawn_on(options.where, self->system(), proxy,
                                std::move(y), orchestrator_actor{self}));
  }
  self->send(self, atom::tick_v);
}

membership::callbacks orchestrator_state::on_membership() {
  return {
    [this](auto& node, auto& at, auto& former, auto& brought, auto promise) {
      on_joined(node, at, former, brought, std::move(promise));
    },
    [this](auto& at, auto& why) { on_lost(at, why); },
    [this](auto& at, auto& report) {
      on_report(at, report);
    }};
}

// -- nodes --------------------------------------------------------------------

void orchestrator_state::on_joined(const node_description& node,
                                   const placement& at,
                                   const session_id& former,
                                   const inventory& brought,
                                   membership::welcome_promise promise) {
  nodes->add(node, at);
  mirrored.send(atom::join_v, node);
  forget_session(former);
  adopting->on_joined(at, brought,
                      [=, this](std::vector<physical_id>& unwanted) {
                        // Instances of the former session that were not brought
                        // along are gone.
                        relocate_from(former);
                        if (members->find(at.session) == nullptr)
                          return; // lost meanwhile
                        members->accept(at, std::move(unwanted), promise);
                        relayed.on_joined(node, at, *components);
                        is_hosting_told = false;
                        schedule_retry();
                        notify_controller();
                      });
}

void orchestrator_state::forget_session(const session_id& session) {
  mirrored.forget(session);
  relayed.forget(session);
  reconciling->forget(session);
  adopting->on_lost(session);
}

void orchestrator_state::on_lost(const placement& at, const std::string& why) {
  nodes->remove(at.node);
  forget_session(at.session);
  mirrored.send(atom::lost_v, at.node);
  auto count = relocate_from(at.session);
  throttle("lost " + to_string(at.node), self->clock().now(),
           [&](const std::string& omitted) {
             log_warn(name, "lost node: node=", at.node, " reason=", why,
                      " components=", count, omitted);
           });
}

/// Tells the components that a session concerns that it has ended. Returns the
/// number of those that had an instance there.
std::size_t orchestrator_state::relocate_from(const session_id& session) {
  auto result = components->assigned_to(session).size();
  for (auto& id : components->take(session))
    self->send(components->find(id)->handle, atom::lost_v, session);
  return result;
}

void orchestrator_state::on_report(const placement& at,
                                   const node_report& report) {
  mirrored.send_report(at, report);
  // During recovery instances run that are not claimed yet.
  if (!adopting->is_recovering())
    reconciling->on_report(at, report.running);
}

void orchestrator_state::on_exited(const session_id& session,
                                   const logical_id& component,
                                   const physical_id& instance,
                                   const std::string& why) {
  if (!members->admits(session))
    return;
  if (auto* x = components->find(component)) {
    ++options.counts->restarts;
    self->send(x->handle, atom::exited_v, instance, why);
  }
}

void orchestrator_state::on_state_synced(const session_id& session,
                                         const logical_id& component,
                                         const physical_id& instance,
                                         const std::string& state) {
  if (!members->admits(session))
    return;
  if (auto* x = components->find(component))
    self->send(x->handle, atom::synced_v, instance, state);
  else
    adopting->on_state_synced(instance, state);
}

// -- components ---------------------------------------------------------------

caf::result<placement> orchestrator_state::place(const component_spec& spec) {
  auto choice = nodes->choose(spec);
  if (!choice)
    return fail(ec::no_feasible_node, nodes->why_nowhere(spec));
  if (components->find(spec.id) != nullptr)
    components->assign(spec.id, choice->session);
  return *choice;
}

void orchestrator_state::spawn_component(const component_spec& spec,
                                         bool awaits_recovery) {
  mirrored.send(atom::host_v, spec);
  components->add(spec, self->spawn(component, spec, orchestrator_actor{self},
                                    options.random, awaits_recovery));
  modules.retain(spec.code);
}

void orchestrator_state::on_moved(const logical_id& id, const endpoint& at) {
  auto* x = components->find(id);
  if (x == nullptr)
    return;
  components->on_moved(id, at);
  mirrored.send(atom::moved_v, id, at);
  relayed.on_moved(x->spec, at);
  if (std::exchange(x->has_reported, true))
    return;
  auto i = workflows.find(x->spec.workflow);
  assert(i != workflows.end() && i->second.unreported > 0);
  if (--i->second.unreported == 0)
    answer_host(i->first);
}

void orchestrator_state::retry_unplaced() {
  is_retry_scheduled = false;
  for (auto& id : components->unplaced())
    self->send(components->find(id)->handle, atom::tick_v);
}

// -- workflows ----------------------------------------------------------------

caf::result<orchestrator_state::statuses>
orchestrator_state::host(const workflow_id& workflow,
                         const std::vector<component_spec>& specs) {
  auto promise = self->make_response_promise<statuses>();
  if (workflows.contains(workflow)) {
    collect_statuses(workflow, promise);
    return promise;
  }
  auto& x = workflows[workflow];
  x.unreported = specs.size();
  x.waiting.push_back(promise);
  auto may_run_already = adopting->on_hosting(workflow);
  for (auto& spec : specs) {
    x.components.push_back(spec.id);
    spawn_component(spec, may_run_already);
  }
  // Each component listens to the components that it feeds.
  for (auto& spec : specs)
    for (auto& [channel, target] : spec.wiring)
      if (auto* y = components->find(target))
        self->send(y->handle, atom::watch_v,
                   listener_actor{components->find(spec.id)->handle});
  self->delayed_send(self, limits::host - std::chrono::seconds{1},
                     host_timeout{workflow});
  if (specs.empty())
    answer_host(workflow);
  adopting->on_hosted(x.components);
  return promise;
}

/// All components have reported, or had their time to.
void orchestrator_state::answer_host(const workflow_id& workflow) {
  auto i = workflows.find(workflow);
  if (i == workflows.end())
    return;
  for (auto& promise : std::exchange(i->second.waiting, {}))
    collect_statuses(workflow, promise);
}

caf::result<atom::ok> orchestrator_state::drop(const workflow_id& workflow) {
  auto i = workflows.find(workflow);
  if (i == workflows.end())
    return atom::ok_v;
  answer_host(workflow);
  for (auto& id : i->second.components) {
    auto* x = components->find(id);
    assert(x != nullptr && x->spec.workflow == workflow);
    self->send(x->handle, atom::stop_v);
    modules.release(x->spec.code);
    relayed.on_dropped(x->spec);
    components->remove(id);
    mirrored.send(atom::drop_v, id);
  }
  workflows.erase(i);
  modules.trim();
  log_info(name, "dropped a workflow: workflow=", workflow);
  return atom::ok_v;
}

caf::result<orchestrator_state::statuses>
orchestrator_state::inspect(const workflow_id& workflow) {
  auto promise = self->make_response_promise<statuses>();
  collect_statuses(workflow, promise);
  return promise;
}

void orchestrator_state::collect_statuses(const workflow_id& workflow,
                                          statuses_promise promise) {
  auto i = workflows.find(workflow);
  if (i == workflows.end()) {
    promise.deliver(fail(ec::unknown_workflow, "workflow " + to_string(workflow)
                                                 + " is not hosted here"));
    return;
  }
  auto& ids = i->second.components;
  gather<statuses> all{statuses(ids.size()), [promise](statuses& x) mutable {
                         shorten(x);
                         promise.deliver(std::move(x));
                       }};
  for (std::size_t k = 0; k < ids.size(); ++k)
    all.add<component_status>(
      self->request(components->find(ids[k])->handle, limits::local,
                    atom::inspect_v),
      [k](statuses& x, component_status& y) { x[k] = std::move(y); },
      [](statuses&, const caf::error&) { /* its status stays empty */ });
  all.close();
}

std::vector<workflow_id> orchestrator_state::hosted() const {
  auto ids = std::views::keys(workflows);
  return {ids.begin(), ids.end()};
}

obstacles
orchestrator_state::why_not(const std::vector<component_spec>& specs) {
  auto result = nodes->why_not(specs);
  // Nodes may be about to rejoin.
  if (adopting->is_recovering())
    result.never.clear();
  return result;
}

// -- the controller -----------------------------------------------------------

caf::result<domain_description>
orchestrator_state::attach(const std::string& domain,
                           const controller_link_actor& x) {
  if (domain != options.domain_id)
    return fail(ec::bad_input,
                "this is domain " + options.domain_id + ", not " + domain);
  if (controller_link)
    self->demonitor(controller_link.address());
  controller_link = x;
  self->monitor(controller_link);
  throttle("attached", self->clock().now(), [&](const std::string& omitted) {
    log_info(name, "a controller has attached", omitted);
  });
  modules.set_controller(x);
  return describe();
}

/// The controller has named all workflows that this domain is to host.
void orchestrator_state::on_workflows_named(
  const std::vector<workflow_id>& all) {
  std::set<workflow_id> unhosted{all.begin(), all.end()};
  std::vector<workflow_id> unwanted;
  for (auto& [workflow, x] : workflows)
    if (unhosted.erase(workflow) == 0)
      unwanted.push_back(workflow);
  for (auto& x : unwanted)
    drop(x);
  adopting->on_workflows_named(std::move(unhosted), !all.empty());
}

// -- time and end -------------------------------------------------------------

/// At its own pace: messages of others neither delay nor hasten it.
void orchestrator_state::tick() {
  caf::timespan pause = limits::retry_without_polling;
  if (options.keep_alive_interval.count() > 0) {
    pause = options.keep_alive_interval;
    members->poll();
  }
  retry_unplaced();
  // Nodes may have resources from before the orchestrator has started.
  if (!adopting->is_recovering() && !std::exchange(is_hosting_told, true))
    relayed.keep(hosted());
  mirrored.send(atom::tick_v);
  self->delayed_send(self, pause, atom::tick_v);
}

void orchestrator_state::on_down(const caf::down_msg& x) {
  if (controller_link && x.source == controller_link.address()) {
    throttle("gone", self->clock().now(), [&](const std::string& omitted) {
      log_warn(name, "lost the controller: reason=", x.reason, omitted);
    });
    controller_link = nullptr;
    modules.set_controller({});
    return;
  }
  members->on_down(x);
}

void orchestrator_state::stop() {
  for (auto& [id, x] : components->all())
    self->send_exit(x.handle, caf::exit_reason::user_shutdown);
  mirrored.send(atom::stop_v);
  self->quit();
}

orchestrator_self_actor::behavior_type
orchestrator(orchestrator_state::pointer self, orchestrator_options options) {
  auto& st = self->state;
  st.init(std::move(options));
  self->set_down_handler([&st](const caf::down_msg& x) { st.on_down(x); });
  // clang-format off
  return {
    [&st](atom::join, const node_description& x, const node_actor& y, const boot_id& z, const inventory& w) { return st.members->join(x, y, z, w); },
    [&st](atom::exited, const session_id& x, const logical_id& y, const physical_id& z, const std::string& why) { st.on_exited(x, y, z, why); },
    [&st](atom::fetch, const code_id& x, std::uint64_t offset) { return st.modules.fetch(x, offset); },
    [&st](atom::place, const component_spec& x) { return st.place(x); },
    [&st](atom::moved, const logical_id& x, const endpoint& at) { st.on_moved(x, at); },
    [&st](atom::attach, const std::string& x, const controller_link_actor& y) { return st.attach(x, y); },
    [&st](atom::describe) { return st.describe(); },
    [&st](atom::why_not, const std::vector<component_spec>& x) { return st.why_not(x); },
    [&st](atom::host, const workflow_id& x, const std::vector<component_spec>& y) { return st.host(x, y); },
    [&st](atom::hosted, const std::vector<workflow_id>& x) { st.on_workflows_named(x); },
    [&st](atom::drop, const workflow_id& x) { return st.drop(x); },
    [&st](atom::inspect, const workflow_id& x) { return st.inspect(x); },
    [&st](atom::synced, const session_id& x, const logical_id& y, const physical_id& z, const std::string& state) { st.on_state_synced(x, y, z, state); },
    [&st](atom::intent, const intent& x) { return st.intents->execute(x); },
    [&st](atom::tick) { st.tick(); },
    [&st](atom::stop) { st.stop(); },
    [&st](const host_timeout& x) { st.answer_host(x.workflow); },
    [&st](retry_pending) { st.retry_unplaced(); },
    [&st](const reached& x) { st.members->on_reached(x); },
    [&st](fences_due) { st.members->send_fences(); },
    [&st](recovery_timeout) { st.adopting->on_timeout(); },
  };
  // clang-format on
}

} // namespace edgeless
