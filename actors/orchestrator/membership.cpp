// SPDX-License-Identifier: MIT
#include "actors/orchestrator/orchestrator.hpp"

#include "runtime/base/log.hpp"

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>

#include <algorithm>

namespace edgeless {

namespace {} // namespace

// -- joining ------------------------------------------------------------------

caf::result<welcome>
orchestrator_state::join(const node_description& x, const node_actor& handle,
                         const boot_id& boot, const inventory& brought) {
  if (!x.id || !handle)
    return fail(ec::bad_input, "a node needs an id to join");
  auto promise = self->make_response_promise<welcome>();
  auto i = nodes.find(x.id);
  if (i == nodes.end() || i->second.boot == boot)
    accept(x, handle, boot, brought, promise);
  else
    probe(i->second, x, handle, boot, brought, promise);
  return promise;
}

/// Somebody else joins under the id of a member: if that one still answers,
/// two processes have the same id; else the newer one has replaced it.
void orchestrator_state::probe(const member& old, const node_description& x,
                               const node_actor& handle, const boot_id& boot,
                               const inventory& brought,
                               caf::typed_response_promise<welcome> promise) {
  // No longer than the newcomer waits for its answer.
  auto pause = std::min<caf::timespan>(silence_allowed(),
                                       limits::local - limits::heartbeat);
  auto session = old.session;
  self->request(old.handle, pause, atom::keep_alive_v, std::uint64_t{0})
    .then(
      [x, promise,
       there = old.description.invocation_url](const node_report&) mutable {
        log_warn(name, "refused a second node ", x.id, " at ",
                 x.invocation_url);
        promise.deliver(
          fail(ec::duplicate, "node_id already in use by " + there));
      },
      [=, this](const caf::error&) mutable {
        lose(session, "a newer process has taken its place");
        if (nodes.contains(x.id))
          promise.deliver(fail(ec::duplicate, "another process has joined as "
                                                + to_string(x.id)));
        else
          accept(x, handle, boot, brought, promise);
      });
}

void orchestrator_state::accept(const node_description& x,
                                const node_actor& handle, const boot_id& boot,
                                const inventory& brought,
                                caf::typed_response_promise<welcome> promise) {
  auto& node = nodes[x.id];
  auto former = node.session;
  if (former) {
    sessions.erase(former);
    self->demonitor(node.handle.address());
  }
  // What the same life of a node has sent is not asked for again.
  auto samples = node.boot == boot ? node.samples : 0;
  node = member{};
  node.samples = samples;
  node.description = x;
  node.session = draw<session_id>(options.random);
  node.boot = boot;
  node.handle = handle;
  sessions.emplace(node.session, x.id);
  if (!cordoned.contains(x.id))
    picker->put(x);
  options.counts->nodes = nodes.size();
  self->monitor(handle);
  tell_proxy(atom::join_v, x);
  log_info(name, "node ", x.id, " at ", x.invocation_url, " joined with ",
           brought.size(), " instances");

  forget_orphans(former);
  reconcile_join(former, node, brought, promise);
}

void orchestrator_state::greet(const member& x,
                               std::vector<physical_id> unwanted,
                               caf::typed_response_promise<welcome> promise) {
  using std::chrono::milliseconds;
  welcome answer;
  answer.session = x.session;
  answer.keep_alive_ms = static_cast<std::uint64_t>(
    std::chrono::duration_cast<milliseconds>(options.keep_alive_interval)
      .count());
  answer.stop = std::move(unwanted);
  promise.deliver(std::move(answer));
  if (!fenced.empty())
    self->send(x.handle, atom::fence_v,
               fenced_sessions{fenced.begin(), fenced.end()});
  tell_to_seek();
  tell_controller();
}

// -- losing -------------------------------------------------------------------

orchestrator_state::member*
orchestrator_state::find(const session_id& session) {
  auto i = sessions.find(session);
  return i == sessions.end() ? nullptr : &nodes[i->second];
}

/// Takes a copy: callers name the session of the member that goes.
void orchestrator_state::lose(session_id session, const std::string& why) {
  auto* gone = find(session);
  if (gone == nullptr)
    return;
  auto node = gone->description.id;
  self->demonitor(gone->handle.address());
  sessions.erase(session);
  nodes.erase(node);
  picker->remove(node);
  forget_orphans(session);
  options.counts->nodes = nodes.size();
  ++options.counts->nodes_lost;
  tell_proxy(atom::lost_v, node);
  fence({node, session});
  auto evicted = evacuate(session);
  log_warn(name, "lost node ", node, ": ", why, "; ", evicted,
           " components homeless");
}

/// Tells whoever lives there or may; how many do.
std::size_t orchestrator_state::evacuate(const session_id& session) {
  std::size_t result = 0;
  auto gone = assigned.extract(session);
  if (!gone)
    return 0;
  for (auto& id : gone.mapped())
    if (auto i = components.find(id); i != components.end()) {
      result += i->second.session == session;
      self->send(i->second.handle, atom::lost_v, session);
    }
  return result;
}

/// The first one is told at once. Others that are lost at the same time wait
/// until all that is known by now has been heard, and are told together: a
/// thousand nodes may hang on one switch.
void orchestrator_state::fence(const fenced_session& x) {
  fenced.push_back(x);
  // A new node is told of those that may still speak.
  if (fenced.size() > limits::fenced_sessions)
    fenced.pop_front();
  fences.push_back(x);
  if (!std::exchange(fencing, true))
    tell_fences();
}

void orchestrator_state::tell_fences() {
  if (fences.empty()) {
    fencing = false;
    return;
  }
  auto all = std::exchange(fences, {});
  for (auto begin = all.begin(); begin != all.end();) {
    auto part = std::min<std::ptrdiff_t>(
      all.end() - begin, static_cast<std::ptrdiff_t>(limits::fenced_sessions));
    auto news
      = caf::make_message(atom::fence_v, fenced_sessions{begin, begin + part});
    for (auto& [id, x] : nodes)
      caf::anon_send(caf::actor_cast<caf::actor>(x.handle), news);
    begin += part;
  }
  self->send(self, atom::fence_v);
}

void orchestrator_state::on_down(const caf::down_msg& x) {
  if (controller_link && x.source == controller_link.address()) {
    log_warn(name, "the controller is gone: ", x.reason);
    controller_link = nullptr;
    return;
  }
  for (auto& [id, node] : nodes)
    if (node.handle.address() == x.source) {
      lose(node.session, explain(x.reason));
      return;
    }
}

// -- keeping alive ------------------------------------------------------------

/// Asks all nodes at the same time; who is silent is lost.
void orchestrator_state::poll() {
  notice_stall(next_tick);
  for (auto& [id, x] : nodes)
    if (!x.polling)
      poll(x, chances::two);
}

void orchestrator_state::poll(member& x, chances left) {
  x.polling = true;
  auto session = x.session;
  auto asked = self->clock().now();
  self->request(x.handle, silence_allowed(), atom::keep_alive_v, x.samples)
    .then(
      [this, session, asked](node_report& report) {
        options.counts->keep_alives.observe(self->clock().now() - asked);
        heard(session, report);
      },
      [this, session, asked, left](const caf::error& e) {
        notice_stall(asked + silence_allowed());
        auto* y = find(session);
        if (y != nullptr && left == chances::two && last_stall >= asked
            && e == caf::sec::request_timeout)
          poll(*y, chances::one);
        else
          lose(session, explain(e));
      });
}

caf::timespan orchestrator_state::silence_allowed() const {
  return std::max<caf::timespan>(options.keep_alive_interval,
                                 limits::keep_alive_min);
}

/// What was due then comes late: this process, or its machine, has stood
/// still. It cannot tell the silence of others from its own, and asks again.
void orchestrator_state::notice_stall(caf::actor_clock::time_point due) {
  auto now = self->clock().now();
  if (now - due <= silence_allowed() / 4)
    return;
  if (now - last_stall > silence_allowed()) {
    options.counts->stalls.fetch_add(1, std::memory_order_relaxed);
    log_warn(
      name, "stood still for ",
      std::chrono::duration_cast<std::chrono::milliseconds>(now - due).count(),
      " ms: this machine is overloaded, or was suspended");
  }
  last_stall = now;
}

void orchestrator_state::heard(const session_id& session, node_report& report) {
  if (auto* x = find(session)) {
    x->polling = false;
    x->health = report.health;
    // What was there before has been sent again.
    if (std::exchange(x->samples, report.samples.number)
        == report.samples.number)
      report.samples = {x->samples, {}, 0};
    mirror(*x, report);
    compare(*x, report);
  }
}

/// What runs there must be what lives there; while something is on its way,
/// they differ, so only two differences in a row count.
void orchestrator_state::compare(member& x, const node_report& report) {
  if (recovery)
    return; // much runs that nobody has claimed yet
  std::uint64_t expected = 0;
  for_assigned(x.session, [&](component_entry& y) {
    if (y.instance)
      expected += digest(y.instance);
  });
  x.mismatches = expected == report.running ? 0 : x.mismatches + 1;
  if (x.mismatches < 2 || x.reconciling)
    return;
  x.reconciling = true;
  auto session = x.session;
  self->request(x.handle, limits::local, atom::running_v)
    .then(
      [this, session](const inventory& there) { reconcile(session, there); },
      [this, session](const caf::error&) {
        if (auto* y = find(session))
          y->reconciling = false;
      });
}

void orchestrator_state::reconcile(const session_id& session,
                                   const inventory& there) {
  auto* x = find(session);
  if (x == nullptr)
    return;
  x->reconciling = false;
  x->mismatches = 0;
  std::set<physical_id> present;
  for (auto& record : there) {
    present.insert(record.instance);
    auto i = components.find(record.component);
    if (i != components.end() && i->second.session == session
        && (!i->second.instance || i->second.instance == record.instance))
      continue; // at home here, or about to be
    if (i != components.end()
        && (std::ranges::count(i->second.bound, session) > 0
            || (i->second.former == record.instance
                && self->clock().now() < i->second.former_until)))
      continue; // in transit
    log_warn(name, "instance ", record.instance, " on node ", x->description.id,
             " belongs to nobody: stopped");
    self->send(x->handle, atom::stop_v, record.instance);
  }
  for_assigned(session, [&](component_entry& y) {
    if (y.instance && !present.contains(y.instance))
      self->send(y.handle, atom::exited_v, y.instance,
                 std::string{"its node does not have it anymore"});
  });
}

/// Whether that session has ended, so that nothing said in it counts.
bool orchestrator_state::refuse(const session_id& session) {
  if (find(session) != nullptr)
    return false;
  ++options.counts->refused;
  return true;
}

void orchestrator_state::exited(const session_id& session,
                                const logical_id& component,
                                const physical_id& instance,
                                const std::string& why) {
  auto i = components.find(component);
  if (refuse(session) || i == components.end())
    return;
  ++options.counts->restarts;
  self->send(i->second.handle, atom::exited_v, instance, why);
}

void orchestrator_state::synced(const session_id& session,
                                const logical_id& component,
                                const physical_id& instance,
                                const std::string& state) {
  auto i = components.find(component);
  if (refuse(session))
    return;
  if (i != components.end())
    self->send(i->second.handle, atom::synced_v, instance, state);
  else if (recovery)
    note_state(instance, fingerprint_of_state(state));
}

} // namespace edgeless
