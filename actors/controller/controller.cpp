// SPDX-License-Identifier: MIT
#include "actors/controller/controller.hpp"

#include "actors/gather.hpp"

#include "runtime/base/log.hpp"

#include "messages/message_size.hpp"

#include <caf/actor_cast.hpp>

#include <algorithm>
#include <cassert>

namespace edgeless {

using namespace std::chrono_literals;

namespace {

/// How often the placement of pending workflows is tried again.
constexpr auto tick_interval = 2s;

/// The workflows of a domain that is away this long move to other domains.
constexpr auto domain_timeout = 10s;

} // namespace

controller_state::controller_state(pointer self) : self{self} {
  // nop
}

void controller_state::init(controller_options x) {
  options = std::move(x);
  for (auto& [id, url] : options.domains) {
    auto& y = domains[id];
    y.url = url;
    y.last.id = id;
    y.gone_since = self->clock().now();
    dial(id);
  }
  workflows.emplace(options.store, options.random);
  for (auto& y : std::exchange(options.known, {})) {
    // A domain that is no longer configured loses its workflows.
    if (!domains.contains(y.domain))
      y.domain.clear();
    workflows->restore(std::move(y));
  }
  if (!workflows->all().empty())
    log_info(name, "restored workflows: count=", workflows->all().size());
  self->delayed_send(self, tick_interval, atom::tick_v);
}

// -- the connections to the domains -------------------------------------------

void controller_state::dial(const std::string& id) {
  options.net->dial(domains[id].url, peer_role::controller,
                    peer_role::orchestrator, id,
                    caf::actor_cast<caf::strong_actor_ptr>(self));
}

void controller_state::on_dialled(const std::string& url,
                                  const caf::strong_actor_ptr& found,
                                  const std::string& reason) {
  for (auto& [id, x] : domains) {
    if (x.url != url || x.handle)
      continue;
    if (found)
      attach(id, caf::actor_cast<orchestrator_actor>(found));
    else
      on_unreachable(id, reason);
  }
}

void controller_state::attach(const std::string& id,
                              const orchestrator_actor& found) {
  self
    ->request(found, limits::local, atom::attach_v, id,
              controller_link_actor{self})
    .then([this, id,
           found](const domain_description& x) { on_attached(id, found, x); },
          [this, id](const caf::error& x) { on_unreachable(id, explain(x)); });
}

void controller_state::on_attached(const std::string& id,
                                   const orchestrator_actor& found,
                                   const domain_description& description) {
  auto& x = domains[id];
  x.handle = found;
  x.last = description;
  x.attempts = 0;
  self->monitor(found);
  throttle("attached " + id, self->clock().now(),
           [&](const std::string& omitted) {
             log_info(name, "attached a domain: domain=", id, " url=", x.url,
                      " nodes=", description.nodes, omitted);
           });
  std::vector<workflow_id> hosted;
  for (auto& [workflow, y] : workflows->all())
    if (y.domain == id)
      hosted.push_back(workflow);
  self->send(found, atom::hosted_v, hosted);
  for (auto& workflow : hosted) {
    workflows->find(workflow)->reasons.clear();
    host(workflow, promise{});
  }
  place_unhosted();
}

void controller_state::on_unreachable(const std::string& id,
                                      const std::string& reason) {
  auto& x = domains[id];
  if (x.handle) {
    x.handle = nullptr;
    x.gone_since = self->clock().now();
  }
  x.last.attached = false;
  if (x.attempts++ == 0)
    throttle(
      "away " + id, self->clock().now(), [&](const std::string& omitted) {
        log_warn(name, "cannot reach a domain, trying again: domain=", id,
                 " url=", x.url, " reason=", reason, omitted);
      });
  auto pause
    = limits::redial + std::chrono::milliseconds{options.random() % 100};
  self->delayed_send(self, pause, redial{id});
}

void controller_state::on_down(const caf::down_msg& x) {
  for (auto& [id, y] : domains)
    if (y.handle && y.handle.address() == x.source)
      on_unreachable(id, explain(x.reason));
}

caf::result<std::vector<domain_description>> controller_state::describe() {
  using list = std::vector<domain_description>;
  auto result = self->make_response_promise<list>();
  list known;
  for (auto& [id, x] : domains)
    known.push_back(x.last);
  gather<list> all{std::move(known), [result](list& x) mutable {
                     for (auto& y : x)
                       shorten(y, limits::domain_descriptions / x.size());
                     result.deliver(std::move(x));
                   }};
  std::size_t i = 0;
  for (auto& [id, x] : domains) {
    auto at = i++;
    if (x.handle)
      all.add<domain_description>(
        self->request(x.handle, limits::local, atom::describe_v),
        [at](list& y, domain_description& z) { y[at] = std::move(z); },
        [](list&, const caf::error&) { /* the last known one */ });
  }
  all.close();
  return result;
}

/// Null while its orchestrator cannot be reached.
controller_state::domain*
controller_state::attached_domain(const std::string& id) {
  auto i = domains.find(id);
  return i != domains.end() && i->second.handle ? &i->second : nullptr;
}

// -- the placement of workflows -----------------------------------------------

caf::result<workflow_status>
controller_state::start(const workflow_id& id, const workflow_spec& spec) {
  if (auto* x = workflows->find(id)) {
    if (x->spec == spec)
      return inspect(id);
    return fail(ec::duplicate, "workflow " + to_string(id)
                                 + " runs already, with other content");
  }
  if (auto problem = workflows->accept(id, spec))
    return problem;
  ++options.counts->starts;
  auto answer = self->make_response_promise<workflow_status>();
  place(id, answer);
  return answer;
}

/// Asks every domain why it cannot host the workflow.
void controller_state::place(const workflow_id& id, promise answer) {
  auto* x = workflows->find(id);
  assert(x != nullptr);
  placements[id] = false;
  gather<answers> all{{}, [this, id, answer](answers& y) {
                        on_placement_answers(id, y, answer);
                      }};
  for (auto& [domain, y] : domains) {
    all.result()[domain] = {"its orchestrator cannot be reached"};
    if (y.handle)
      all.add<domain_reasons>(
        self->request(y.handle, limits::local, atom::why_not_v, x->components),
        [domain](answers& z, domain_reasons& reasons) {
          z[domain] = std::move(reasons);
        },
        [domain](answers& z, const caf::error& e) {
          z[domain] = {explain(e)};
        });
  }
  all.close();
}

void controller_state::on_placement_answers(const workflow_id& id, answers& all,
                                            promise answer) {
  auto* x = workflows->find(id);
  if (x == nullptr) {
    answer.deliver(fail(ec::stopping, "stopped while it was being started"));
    return;
  }
  auto again = std::exchange(placements[id], false);
  placements.erase(id);
  if (attached_domain(x->domain) != nullptr) {
    // Its domain was away, and has come back meanwhile.
    answer.deliver(workflows->status(id));
    return;
  }
  std::vector<std::string> names;
  for (auto& y : x->components)
    names.push_back(y.name);
  for (auto& [domain, reasons] : all)
    if (attached_domain(domain) == nullptr)
      reasons = {"its orchestrator cannot be reached"};
  auto choice = choose_domain(all, names, options.random);
  x->reasons = choice.reasons;
  shorten(x->reasons, 8 * limits::text);
  if (choice.domain.empty()) {
    if (again) {
      place(id, answer);
      return;
    }
    throttle(
      to_string(id), self->clock().now(), [&](const std::string& omitted) {
        std::string text;
        for (auto& line : choice.reasons)
          text += "\n" + line;
        log_warn(name, "a workflow is pending: workflow=", id, omitted, text);
      });
    answer.deliver(workflows->status(id));
    return;
  }
  if (!x->domain.empty())
    log_warn(name, "a workflow leaves a domain that is away: workflow=", id,
             " domain=", x->domain);
  workflows->assign(id, choice.domain);
  log_info(name, "placed a workflow: workflow=", id, " domain=", choice.domain,
           " feasible_domains=", choice.feasible);
  host(id, answer);
}

void controller_state::host(const workflow_id& id, promise answer) {
  auto* x = workflows->find(id);
  assert(x != nullptr);
  auto* attached = attached_domain(x->domain);
  assert(attached != nullptr);
  answer_status(self->request(attached->handle, limits::host, atom::host_v, id,
                              x->components),
                id, answer);
}

/// Answers with the components as the domain reports them; when it does not
/// answer, with the reason.
template <class Request>
void controller_state::answer_status(Request request, const workflow_id& id,
                                     promise answer) {
  request.then(
    [this, id, answer](std::vector<component_status>& x) mutable {
      auto status = workflows->status(id);
      status.components = std::move(x);
      answer.deliver(std::move(status));
    },
    [this, id, answer](const caf::error& e) mutable {
      auto status = workflows->status(id);
      status.reasons.push_back("domain " + status.domain + ": " + explain(e));
      answer.deliver(std::move(status));
    });
}

caf::result<atom::ok> controller_state::stop(const workflow_id& id) {
  auto* x = workflows->find(id);
  if (x == nullptr)
    return fail(ec::unknown_workflow, "unknown workflow " + to_string(id));
  auto* attached = attached_domain(x->domain);
  if (auto problem = workflows->remove(id))
    return problem;
  placements.erase(id);
  ++options.counts->stops;
  log_info(name, "stopped a workflow: workflow=", id);
  if (attached == nullptr)
    return atom::ok_v;
  auto answer = self->make_response_promise<atom::ok>();
  self->request(attached->handle, limits::local, atom::drop_v, id)
    .then([answer](atom::ok) mutable { answer.deliver(atom::ok_v); },
          // The domain is told what to host when it attaches again.
          [answer](const caf::error&) mutable { answer.deliver(atom::ok_v); });
  return answer;
}

std::vector<workflow_id> controller_state::list() const {
  std::vector<workflow_id> result;
  for (auto& [id, x] : workflows->all())
    result.push_back(id);
  return result;
}

caf::result<workflow_status> controller_state::inspect(const workflow_id& id) {
  auto* x = workflows->find(id);
  if (x == nullptr)
    return fail(ec::unknown_workflow, "unknown workflow " + to_string(id));
  auto* attached = attached_domain(x->domain);
  if (attached == nullptr)
    return workflows->status(id);
  auto answer = self->make_response_promise<workflow_status>();
  answer_status(
    self->request(attached->handle, limits::local, atom::inspect_v, id), id,
    answer);
  return answer;
}

// -- retries ------------------------------------------------------------------

void controller_state::tick() {
  self->delayed_send(self, tick_interval, atom::tick_v);
  place_unhosted();
}

/// Places pending workflows, and those whose domain has been away for long.
void controller_state::place_unhosted() {
  update_counts();
  auto now = self->clock().now();
  for (auto& [id, x] : workflows->all()) {
    if (!x.domain.empty()) {
      auto& attached = domains[x.domain];
      if (attached.handle || now - attached.gone_since < domain_timeout)
        continue;
    }
    if (!placements.contains(id))
      place(id, promise{});
  }
}

/// Pending workflows may be feasible now.
void controller_state::on_node_joined(const std::string& domain) {
  if (!domains.contains(domain))
    return;
  for (auto& id : workflows->pending())
    if (auto i = placements.find(id); i != placements.end())
      i->second = true;
    else
      place(id, promise{});
}

void controller_state::update_counts() {
  auto& counts = *options.counts;
  auto total = workflows->all().size();
  assert(workflows->pending().size() <= total);
  counts.workflows = total;
  counts.hosted = total - workflows->pending().size();
  counts.domains = domains.size();
  counts.attached = static_cast<std::uint64_t>(std::ranges::count_if(
    domains, [](auto& x) { return static_cast<bool>(x.second.handle); }));
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
    [&st](atom::upload, const code_part& x) -> caf::result<std::uint64_t> { return st.workflows->upload(x); },
    [&st](atom::fetch, const code_id& x, std::uint64_t offset) -> caf::result<code_part> { return st.workflows->part(x, offset); },
    [&st](atom::joined, const std::string& domain) { st.on_node_joined(domain); },
    [&st](atom::dialled, const std::string& url, const caf::strong_actor_ptr& x, const std::string& why) { st.on_dialled(url, x, why); },
    [&st](atom::tick) { st.tick(); },
    [&st](atom::stop) { st.self->quit(); },
    [&st](const redial& x) { st.dial(x.domain); },
  };
  // clang-format on
}

} // namespace edgeless
