// SPDX-License-Identifier: MIT
#include "actors/orchestrator/orchestrator.hpp"

#include "actors/proxy/proxy.hpp"

#include "runtime/base/log.hpp"

#include <caf/send.hpp>

namespace edgeless {

orchestrator_state::orchestrator_state(pointer self) : self{self} {
  // nop
}

orchestrator_state::~orchestrator_state() {
  caf::anon_send_exit(proxy, caf::exit_reason::user_shutdown);
}

void orchestrator_state::init(orchestrator_options x) {
  options = std::move(x);
  picker = std::make_unique<node_picker>(options.strategy, options.random);
  if (options.mirror) {
    proxy_options y;
    y.open = options.mirror;
    y.samples = options.mirrored_samples;
    y.where = options.where;
    proxy = spawn_on(options.where, self->system(), edgeless::proxy,
                     std::move(y), orchestrator_actor{self});
  }
  self->send(self, atom::tick_v);
}

/// At its own pace: nobody is polled because somebody else has spoken.
void orchestrator_state::tick() {
  auto polling = options.keep_alive_interval.count() > 0;
  caf::timespan pause = limits::retry_without_polling;
  if (polling) {
    pause = options.keep_alive_interval;
    poll();
  }
  seek();
  tell_proxy(atom::tick_v);
  next_tick = self->clock().now() + pause;
  self->delayed_send(self, pause, atom::tick_v);
}

/// Behind whatever else has happened by now: many nodes may join at once.
void orchestrator_state::tell_to_seek() {
  if (!std::exchange(seeking, true))
    self->send(self, atom::place_v);
}

void orchestrator_state::seek() {
  seeking = false;
  for (auto& id : unplaced)
    self->send(components[id].handle, atom::tick_v);
}

/// The controller may have workflows that were not feasible until now.
void orchestrator_state::tell_controller() {
  if (controller_link)
    self->send(controller_link, atom::joined_v, options.domain_id);
}

/// At most one report of a node waits for the proxy: it may hang in Redis.
void orchestrator_state::mirror(member& x, const node_report& report) {
  if (!proxy)
    return;
  if (x.mirroring) {
    for (auto& times : report.samples.times)
      x.unmirrored += times.seconds.size();
    x.unmirrored += report.samples.omitted;
    return;
  }
  x.mirroring = true;
  auto told = report;
  told.samples.omitted += std::exchange(x.unmirrored, 0);
  auto session = x.session;
  auto taken = [this, session] {
    if (auto* y = find(session))
      y->mirroring = false;
  };
  self
    ->request(proxy, 2 * limits::local, atom::report_v, x.description.id,
              std::move(told))
    .then([taken](atom::ok) { taken(); },
          [taken](const caf::error&) { taken(); });
}

orchestrator_self_actor::behavior_type
orchestrator(orchestrator_state::pointer self, orchestrator_options options) {
  auto& st = self->state;
  st.init(std::move(options));
  self->set_down_handler([&st](const caf::down_msg& x) { st.on_down(x); });
  // clang-format off
  return {
    [&st](atom::join, const node_description& x, const node_actor& y, const boot_id& z, const inventory& w) { return st.join(x, y, z, w); },
    [&st](atom::exited, const session_id& x, const logical_id& y, const physical_id& z, const std::string& why) { st.exited(x, y, z, why); },
    [&st](atom::fetch, const code_id& x, std::uint64_t offset) { return st.fetch(x, offset); },
    [&st](atom::place, const component_spec& x) { return st.place(x); },
    [&st](atom::moved, const logical_id& x, const endpoint& at) { st.moved(x, at); },
    [&st](atom::attach, const std::string& x, const controller_link_actor& y) { return st.attach(x, y); },
    [&st](atom::describe) { return st.describe(); },
    [&st](atom::why_not, const std::vector<component_spec>& x) { return st.why_not(x); },
    [&st](atom::host, const workflow_id& x, const std::vector<component_spec>& y) { return st.host(x, y); },
    [&st](atom::hosted, const std::vector<workflow_id>& x) { st.hosted(x); },
    [&st](atom::drop, const workflow_id& x) { return st.drop(x); },
    [&st](atom::inspect, const workflow_id& x) { return st.inspect(x); },
    [&st](atom::synced, const session_id& x, const logical_id& y, const physical_id& z, const std::string& state) { st.synced(x, y, z, state); },
    [&st](atom::intent, const intent& x) { return st.enact(x); },
    [&st](atom::expire, const workflow_id& x) { st.answer_host(x); },
    [&st](atom::proceed) { st.end_patience(); },
    [&st](atom::place) { st.seek(); },
    [&st](atom::fence) { st.tell_fences(); },
    [&st](atom::tick) { st.tick(); },
    [&st](atom::stop) { st.stop(); },
  };
  // clang-format on
}

} // namespace edgeless
