// SPDX-License-Identifier: MIT
#include "actors/controller/controller.hpp"

#include "actors/gather.hpp"

#include "runtime/base/log.hpp"

#include "messages/message_size.hpp"

#include <algorithm>
#include <cassert>

namespace edgeless {

using namespace std::chrono_literals;

namespace {

/// How often the placement of pending workflows is tried again.
constexpr auto tick_interval = 2s;

/// The workflows of a domain that is away this long move to other domains.
constexpr auto domain_timeout = 10s;

std::vector<std::string> names_of(const workflow_table::workflow& x) {
  std::vector<std::string> result;
  for (auto& y : x.components)
    result.push_back(y.name);
  return result;
}

} // namespace

controller_state::controller_state(pointer self) : self{self} {
  // nop
}

void controller_state::init(controller_options x) {
  options = std::move(x);
  domains.emplace(self, options.net, options.random,
                  [this](const std::string& id) { on_attached(id); });
  for (auto& y : options.domains)
    domains->add(y);
  workflows.emplace(options.store, options.random);
  for (auto& y : std::exchange(options.known, {})) {
    // A domain that is no longer configured loses its workflows.
    if (!domains->all().contains(y.domain))
      y.domain.clear();
    workflows->restore(std::move(y));
  }
  if (!workflows->all().empty())
    log_info(name, "restored workflows: count=", workflows->all().size());
  self->delayed_send(self, tick_interval, atom::tick_v);
}

/// Tells a domain which workflows it hosts.
void controller_state::on_attached(const std::string& domain) {
  std::vector<workflow_id> hosted;
  for (auto& [workflow, y] : workflows->all())
    if (y.domain == domain)
      hosted.push_back(workflow);
  self->send(domains->attached(domain), atom::hosted_v, hosted);
  for (auto& workflow : hosted) {
    workflows->find(workflow)->reasons.clear();
    host(workflow, promise{});
  }
  place_unhosted();
}

// -- the placement of workflows -----------------------------------------------

caf::result<workflow_status> controller_state::start(const workflow_id& id,
                                                     const workflow_spec& spec,
                                                     if_infeasible policy) {
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
  place(id, answer, policy);
  return answer;
}

/// Asks every domain why it cannot host the workflow.
void controller_state::place(const workflow_id& id, promise answer,
                             if_infeasible policy) {
  auto* x = workflows->find(id);
  assert(x != nullptr);
  placements[id] = false;
  gather<answers> all{{}, [this, id, answer, policy](answers& y) {
                        on_placement_answers(id, y, answer, policy);
                      }};
  for (auto& [domain, y] : domains->all()) {
    all.result()[domain] = {{"its orchestrator cannot be reached"}, {}};
    if (y.handle)
      all.add<obstacles>(
        self->request(y.handle, limits::local, atom::why_not_v, x->components),
        [domain](answers& z, obstacles& there) {
          z[domain] = std::move(there);
        },
        [domain](answers& z, const caf::error& e) {
          z[domain] = {{explain(e)}, {}};
        });
  }
  all.close();
}

void controller_state::on_placement_answers(const workflow_id& id, answers& all,
                                            promise answer,
                                            if_infeasible policy) {
  auto* x = workflows->find(id);
  if (x == nullptr) {
    answer.deliver(fail(ec::stopping, "stopped while it was being started"));
    return;
  }
  auto again = std::exchange(placements[id], false);
  placements.erase(id);
  if (domains->attached(x->domain)) {
    // Its domain was away, and has come back meanwhile.
    answer.deliver(workflows->status(id));
    return;
  }
  for (auto& [domain, there] : all)
    if (!domains->attached(domain))
      there = {{"its orchestrator cannot be reached"}, {}};
  auto choice = choose_domain(all, names_of(*x), options.random);
  x->reasons = choice.reasons;
  shorten(x->reasons, 8 * limits::text);
  if (choice.domain.empty()) {
    if (again) {
      place(id, answer, policy);
      return;
    }
    if (policy == if_infeasible::refuse && !choice.never.empty()) {
      refuse(id, choice.never, answer);
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

/// No node could ever host the workflow: it is forgotten.
void controller_state::refuse(const workflow_id& id,
                              const std::vector<std::string>& reasons,
                              promise answer) {
  std::string text;
  for (auto& line : reasons)
    if (text.size() < limits::text)
      text += (text.empty() ? "" : "\n") + line;
  log_warn(name, "refused a workflow: workflow=", id, "\n", text);
  if (auto problem = workflows->remove(id)) {
    // It is still there after a restart: then it has to be stopped.
    answer.deliver(problem);
    return;
  }
  answer.deliver(fail(ec::no_feasible_domain, std::move(text)));
}

void controller_state::host(const workflow_id& id, promise answer) {
  auto* x = workflows->find(id);
  assert(x != nullptr);
  auto there = domains->attached(x->domain);
  assert(there);
  answer_status(
    self->request(there, limits::host, atom::host_v, id, x->components), id,
    answer);
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
  auto there = domains->attached(x->domain);
  if (auto problem = workflows->remove(id))
    return problem;
  placements.erase(id);
  ++options.counts->stops;
  log_info(name, "stopped a workflow: workflow=", id);
  if (!there)
    return atom::ok_v;
  auto answer = self->make_response_promise<atom::ok>();
  self->request(there, limits::local, atom::drop_v, id)
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
  auto there = domains->attached(x->domain);
  if (!there)
    return workflows->status(id);
  auto answer = self->make_response_promise<workflow_status>();
  answer_status(self->request(there, limits::local, atom::inspect_v, id), id,
                answer);
  return answer;
}

// -- migration between domains ------------------------------------------------

caf::result<workflow_status>
controller_state::migrate(const workflow_id& id, const std::string& domain) {
  auto* x = workflows->find(id);
  if (x == nullptr)
    return fail(ec::unknown_workflow, "unknown workflow " + to_string(id));
  if (!domains->all().contains(domain))
    return fail(ec::bad_input, "unknown domain " + domain);
  if (x->domain == domain)
    return fail(ec::duplicate, "it is in domain " + domain + " already");
  auto there = domains->attached(domain);
  if (!there)
    return fail(ec::unreachable,
                "domain " + domain + ": its orchestrator cannot be reached");
  auto answer = self->make_response_promise<workflow_status>();
  self->request(there, limits::local, atom::why_not_v, x->components)
    .then(
      [this, id, domain, components = names_of(*x), from = x->domain,
       answer](obstacles& y) mutable {
        auto choice
          = choose_domain({{domain, std::move(y)}}, components, options.random);
        if (choice.domain.empty())
          answer.deliver(fail(ec::no_feasible_domain, choice.reasons.front()));
        else
          leave(id, from, domain, answer);
      },
      [answer](const caf::error& e) mutable { answer.deliver(e); });
  return answer;
}

/// Stops the workflow in its domain, then hosts it in the next one. A domain
/// that cannot be reached drops it when it attaches again.
void controller_state::leave(const workflow_id& id, const std::string& from,
                             const std::string& domain, promise answer) {
  auto go_on = [this, id, from, domain, answer]() mutable {
    auto* x = workflows->find(id);
    if (x == nullptr || x->domain != from) {
      answer.deliver(fail(ec::stopping, "stopped or migrated meanwhile"));
      return;
    }
    if (!domains->attached(domain)) {
      answer.deliver(
        fail(ec::unreachable, "domain " + domain + " was lost meanwhile"));
      if (domains->attached(from))
        host(id, promise{}); // back again
      return;
    }
    log_info(name, "migrated a workflow: workflow=", id, " from=", from,
             " domain=", domain);
    workflows->assign(id, domain);
    host(id, answer);
  };
  auto here = domains->attached(from);
  if (!here)
    return go_on();
  self->request(here, limits::local, atom::drop_v, id)
    .then([go_on](atom::ok) mutable { go_on(); },
          [go_on](const caf::error&) mutable { go_on(); });
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
      auto& there = domains->all().at(x.domain);
      if (there.handle || now - there.gone_since < domain_timeout)
        continue;
    }
    if (!placements.contains(id))
      place(id, promise{});
  }
}

/// Pending workflows may be feasible now.
void controller_state::on_node_joined(const std::string& domain) {
  if (!domains->all().contains(domain))
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
  counts.domains = domains->all().size();
  counts.attached = static_cast<std::uint64_t>(
    std::ranges::count_if(domains->all(), [](auto& x) {
      return static_cast<bool>(x.second.handle);
    }));
}

controller_self_actor::behavior_type controller(controller_state::pointer self,
                                                controller_options options) {
  auto& st = self->state;
  st.init(std::move(options));
  self->set_down_handler(
    [&st](const caf::down_msg& x) { st.domains->on_down(x); });
  // clang-format off
  return {
    [&st](atom::start, const workflow_id& x, const workflow_spec& y, if_infeasible z) { return st.start(x, y, z); },
    [&st](atom::stop, const workflow_id& x) { return st.stop(x); },
    [&st](atom::migrate, const workflow_id& x, const std::string& domain) { return st.migrate(x, domain); },
    [&st](atom::list) { return st.list(); },
    [&st](atom::inspect, const workflow_id& x) { return st.inspect(x); },
    [&st](atom::domains) { return st.domains->describe(); },
    [&st](atom::upload, const code_part& x) -> caf::result<std::uint64_t> { return st.workflows->upload(x); },
    [&st](atom::fetch, const code_id& x, std::uint64_t offset) -> caf::result<code_part> { return st.workflows->part(x, offset); },
    [&st](atom::joined, const std::string& domain) { st.on_node_joined(domain); },
    [&st](atom::dialled, const std::string& url, const caf::strong_actor_ptr& x, const std::string& why) { st.domains->on_dialled(url, x, why); },
    [&st](atom::tick) { st.tick(); },
    [&st](atom::stop) { st.self->quit(); },
    [&st](const redial& x) { st.domains->dial(x.domain); },
  };
  // clang-format on
}

} // namespace edgeless
