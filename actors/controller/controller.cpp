// SPDX-License-Identifier: MIT
#include "actors/controller/controller.hpp"

#include "runtime/base/log.hpp"

#include <caf/actor_cast.hpp>

#include <algorithm>

namespace edgeless {

using namespace std::chrono_literals;

namespace {

/// How often pending workflows are tried again.
constexpr auto tick_interval = 2s;

/// A domain that is away this long loses its workflows to others.
constexpr auto domain_patience = 10s;

} // namespace

controller_state::controller_state(pointer self) : self{self} {
  // nop
}

void controller_state::init(controller_options x) {
  options = std::move(x);
  for (auto& [id, url] : options.domains) {
    auto& x = domains[id];
    x.url = url;
    x.last.id = id;
    x.gone_since = self->clock().now();
    dial(id);
  }
  recall();
  self->delayed_send(self, tick_interval, atom::tick_v);
}

/// A domain that is not configured anymore does not keep its workflows.
void controller_state::recall() {
  for (auto& x : std::exchange(options.known, {})) {
    auto& y = workflows[x.id];
    y.spec = std::move(x.spec);
    y.components = std::move(x.components);
    if (domains.contains(x.domain))
      y.domain = std::move(x.domain);
    else
      pending.insert(x.id);
  }
  if (!workflows.empty())
    log_info(name, workflows.size(), " workflows were known before");
}

// -- domains ------------------------------------------------------------------

void controller_state::dial(const std::string& id) {
  options.net->dial(domains[id].url, peer_role::controller,
                    peer_role::orchestrator, id,
                    caf::actor_cast<caf::strong_actor_ptr>(self));
}

void controller_state::dialled(const std::string& url,
                               const caf::strong_actor_ptr& whom,
                               const std::string& reason) {
  for (auto& [id, x] : domains) {
    if (x.url != url || x.handle)
      continue;
    if (whom)
      attach(id, caf::actor_cast<orchestrator_actor>(whom));
    else
      lose(id, reason);
  }
}

void controller_state::attach(const std::string& id,
                              const orchestrator_actor& whom) {
  self
    ->request(whom, limits::local, atom::attach_v, id,
              controller_link_actor{self})
    .then(
      [this, id, whom](const domain_description& x) { attached(id, whom, x); },
      [this, id](const caf::error& x) { lose(id, explain(x)); });
}

void controller_state::attached(const std::string& id,
                                const orchestrator_actor& whom,
                                const domain_description& description) {
  auto& x = domains[id];
  x.handle = whom;
  x.last = description;
  x.attempts = 0;
  self->monitor(whom);
  log_info(name, "domain ", id, " at ", x.url, " is attached, ",
           description.nodes, " nodes");
  std::vector<workflow_id> mine;
  for (auto& [workflow, y] : workflows)
    if (y.domain == id) {
      mine.push_back(workflow);
      y.reasons.clear();
    }
  self->send(whom, atom::hosted_v, mine);
  for (auto& workflow : mine)
    host(workflow, promise{});
  look_after_workflows();
}

void controller_state::lose(const std::string& id, const std::string& reason) {
  auto& x = domains[id];
  if (x.handle) {
    x.handle = nullptr;
    x.gone_since = self->clock().now();
  }
  x.last.attached = false;
  if (x.attempts++ == 0)
    log_warn(name, "no orchestrator of domain ", id, " at ", x.url, ": ",
             reason, "; trying again");
  auto pause
    = limits::redial + std::chrono::milliseconds{options.random() % 100};
  self->delayed_send(self, pause, atom::proceed_v, id);
}

void controller_state::on_down(const caf::down_msg& x) {
  for (auto& [id, y] : domains)
    if (y.handle && y.handle.address() == x.source)
      lose(id, explain(x.reason));
}

caf::result<std::vector<domain_description>> controller_state::describe() {
  using list = std::vector<domain_description>;
  auto result = self->make_response_promise<list>();
  struct counters {
    list all;
    std::size_t open = 1;
  };
  auto asked = std::make_shared<counters>();
  auto done = [asked, result]() mutable {
    if (--asked->open == 0)
      result.deliver(std::move(asked->all));
  };
  for (auto& [id, x] : domains) {
    auto k = asked->all.size();
    asked->all.push_back(x.last);
    if (!x.handle)
      continue;
    ++asked->open;
    self->request(x.handle, limits::local, atom::describe_v)
      .then(
        [asked, k, done](domain_description& y) mutable {
          asked->all[k] = std::move(y);
          done();
        },
        [done](const caf::error&) mutable { done(); });
  }
  done();
  return result;
}

// -- the rest -----------------------------------------------------------------

caf::expected<std::uint64_t> controller_state::upload(const code_part& x) {
  auto next = code.add(x);
  if (!next && next.error() == ec::exhausted) {
    // Modules outlive their workflows until their room is needed.
    std::set<code_id> needed;
    for (auto& [id, y] : workflows)
      for (auto& z : y.spec.components)
        needed.insert(z.code);
    code.keep([&](const code_id& y) { return needed.contains(y); });
    next = code.add(x);
  }
  return next;
}

caf::result<code_part> controller_state::fetch(const code_id& id,
                                               std::uint64_t offset) {
  has(id); // it may have to come back first
  auto part = code.part(id, offset);
  if (!part)
    return part.error();
  return std::move(*part);
}

void controller_state::tick() {
  self->delayed_send(self, tick_interval, atom::tick_v);
  look_after_workflows();
}

/// What is pending is tried again; what lives in a domain that has been away
/// for long moves to another one, if there is one that can host it.
void controller_state::look_after_workflows() {
  count();
  auto now = self->clock().now();
  for (auto& [id, x] : workflows) {
    if (!x.domain.empty()) {
      auto& home = domains[x.domain];
      if (home.handle || now - home.gone_since < domain_patience)
        continue;
    }
    if (!x.placing)
      place(id, promise{});
  }
}

/// What is pending need not wait for the next tick_interval.
void controller_state::node_joined(const std::string& domain) {
  if (!domains.contains(domain))
    return;
  for (auto& id : pending)
    if (auto& x = workflows[id]; x.placing)
      x.again = true;
    else
      place(id, promise{});
}

/// How many there are of what.
void controller_state::count() {
  auto& counts = *options.counts;
  counts.workflows = workflows.size();
  counts.domains = domains.size();
  counts.hosted = static_cast<std::uint64_t>(std::ranges::count_if(
    workflows, [](auto& x) { return !x.second.domain.empty(); }));
  counts.attached = static_cast<std::uint64_t>(std::ranges::count_if(
    domains, [](auto& x) { return static_cast<bool>(x.second.handle); }));
}

void controller_state::leave() {
  self->quit();
}

controller_self_actor::behavior_type controller(controller_state::pointer self,
                                                controller_options options) {
  auto& st = self->state;
  st.init(std::move(options));
  self->set_down_handler([&st](const caf::down_msg& x) { st.on_down(x); });
  // clang-format off
  return {
    [&st](atom::start, const workflow_id& x, const workflow_spec& y) { return st.start(x, y); },
    [&st](atom::stop, const workflow_id& x) { return st.stop(x); },
    [&st](atom::list) { return st.list(); },
    [&st](atom::inspect, const workflow_id& x) { return st.inspect(x); },
    [&st](atom::domains) { return st.describe(); },
    [&st](atom::upload, const code_part& x) -> caf::result<std::uint64_t> { return st.upload(x); },
    [&st](atom::fetch, const code_id& x, std::uint64_t offset) { return st.fetch(x, offset); },
    [&st](atom::joined, const std::string& domain) { st.node_joined(domain); },
    [&st](atom::dialled, const std::string& url, const caf::strong_actor_ptr& x, const std::string& why) { st.dialled(url, x, why); },
    [&st](atom::proceed, const std::string& id) { st.dial(id); },
    [&st](atom::tick) { st.tick(); },
    [&st](atom::stop) { st.leave(); },
  };
  // clang-format on
}

} // namespace edgeless
