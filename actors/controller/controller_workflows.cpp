// SPDX-License-Identifier: MIT
#include "actors/controller/controller.hpp"

#include "runtime/base/log.hpp"
#include "runtime/config/workflow_validation.hpp"

namespace edgeless {

namespace {

std::string joined(const std::vector<std::string>& lines) {
  std::string result;
  for (auto& x : lines)
    result += (result.empty() ? "" : "\n") + x;
  return result;
}

} // namespace

/// Everything that is wrong, at once.
caf::error controller_state::check(const workflow_spec& spec) {
  auto faults = validate(spec);
  for (auto& x : spec.components)
    if (x.kind == component_kind::function && !has(x.code))
      faults.push_back(x.name + ": its module has not been uploaded");
  if (spec.components.size() > limits::components)
    faults.push_back("more than " + std::to_string(limits::components)
                     + " components");
  if (workflows.size() >= limits::workflows)
    faults.push_back("the controller has no room for another workflow");
  return faults.empty() ? caf::none : fail(ec::bad_input, joined(faults));
}

caf::result<workflow_status>
controller_state::start(const workflow_id& id, const workflow_spec& spec) {
  if (auto i = workflows.find(id); i != workflows.end()) {
    if (i->second.spec == spec)
      return inspect(id);
    return fail(ec::duplicate, "workflow " + to_string(id)
                                 + " runs already, with other content");
  }
  if (!id)
    return fail(ec::bad_input, "a workflow needs an id");
  if (options.store && options.store->removed(id))
    return fail(ec::duplicate, "workflow " + to_string(id)
                                 + " has been stopped: start it under a new "
                                   "id");
  if (auto problem = check(spec))
    return problem;
  auto components = identify(id, spec);
  if (auto problem = save({id, spec, components, {}}))
    return problem;
  auto& x = workflows[id];
  ++options.counts->starts;
  x.spec = spec;
  x.components = std::move(components);
  pending.insert(id);
  auto answer = self->make_response_promise<workflow_status>();
  place(id, answer);
  return answer;
}

/// Before anything is hosted, and before anybody is told that it will be.
caf::error controller_state::save(const stored_workflow& x) {
  if (!options.store)
    return caf::none;
  for (auto& y : x.components)
    if (auto module = code.whole(y.code))
      if (auto problem = options.store->keep(y.code, *module))
        return problem;
  return options.store->save(x);
}

/// Modules that were saved come back when somebody asks for them.
bool controller_state::has(const code_id& id) {
  if (code.has(id))
    return true;
  auto module = options.store ? options.store->module(id)
                              : caf::expected<std::string>{caf::sec::none};
  if (!module)
    return false;
  for (std::uint64_t at = 0; at < module->size();) {
    auto next
      = upload({id, module->size(), at, module->substr(at, limits::part)});
    if (!next)
      return false;
    at = *next;
  }
  return code.has(id);
}

std::vector<component_spec>
controller_state::identify(const workflow_id& id,
                           const workflow_spec& spec) const {
  std::map<std::string, logical_id> ids;
  for (auto& x : spec.components)
    ids[x.name] = draw<logical_id>(options.random);
  std::vector<component_spec> result;
  for (auto& x : spec.components) {
    component_spec y;
    y.id = ids[x.name];
    y.workflow = id;
    y.name = x.name;
    y.kind = x.kind;
    y.class_id = x.class_id;
    y.function_type = x.function_type;
    y.code = x.code;
    y.settings = x.settings;
    for (auto& [channel, target] : x.output_mapping)
      y.wiring[channel] = ids[target];
    result.push_back(std::move(y));
  }
  return result;
}

/// Asks every domain what stands in the way, then chooses.
void controller_state::place(const workflow_id& id, promise answer) {
  struct counters {
    std::map<std::string, std::vector<std::string>> reasons;
    std::size_t open = 1;
  };
  auto& x = workflows[id];
  x.placing = true;
  auto asked = std::make_shared<counters>();
  auto done = [this, id, asked, answer] {
    if (--asked->open == 0)
      choose(id, asked->reasons, answer);
  };
  for (auto& [domain, y] : domains) {
    if (!y.handle) {
      asked->reasons[domain] = {"its orchestrator cannot be reached"};
      continue;
    }
    ++asked->open;
    self->request(y.handle, limits::local, atom::why_not_v, x.components)
      .then(
        [asked, domain, done](const std::vector<std::string>& reasons) {
          asked->reasons[domain] = reasons;
          done();
        },
        [asked, domain, done](const caf::error& e) {
          asked->reasons[domain] = {explain(e)};
          done();
        });
  }
  done();
}

void controller_state::choose(
  const workflow_id& id,
  const std::map<std::string, std::vector<std::string>>& reasons,
  promise answer) {
  auto i = workflows.find(id);
  if (i == workflows.end()) {
    answer.deliver(fail(ec::stopping, "stopped while it was being started"));
    return;
  }
  auto& x = i->second;
  x.placing = false;
  auto former = domains.find(x.domain);
  if (former != domains.end() && former->second.handle) {
    // It was away, and has come back meanwhile.
    answer.deliver(pending_status(id));
    return;
  }
  x.reasons.clear();
  std::vector<std::string> feasible;
  for (auto& [domain, why] : reasons) {
    std::string line;
    for (std::size_t k = 0; k < why.size(); ++k)
      if (!why[k].empty())
        line += (line.empty() ? "" : "; ")
                + (k < x.components.size() && why.size() > 1
                     ? x.components[k].name + ": "
                     : std::string{})
                + why[k];
    if (line.empty() && domains[domain].handle)
      feasible.push_back(domain);
    else
      x.reasons.push_back("domain " + domain + ": " + line);
  }
  auto again = std::exchange(x.again, false);
  if (feasible.empty() && again) {
    place(id, answer);
    return;
  }
  if (feasible.empty()) {
    log_warn(name, "workflow ", id, " is pending: ", joined(x.reasons));
    answer.deliver(pending_status(id));
    return;
  }
  if (former != domains.end())
    log_warn(name, "workflow ", id, " leaves domain ", x.domain,
             ", which is away");
  x.domain = feasible[options.random() % feasible.size()];
  pending.erase(id);
  x.reasons.clear();
  if (options.store)
    if (auto problem = options.store->set_domain(id, x.domain))
      log_warn(name, "workflow ", id, " might move after a restart: ", problem);
  log_info(name, "workflow ", id, " goes to domain ", x.domain, ", one of ",
           feasible.size(), " feasible");
  host(id, answer);
}

void controller_state::host(const workflow_id& id, promise answer) {
  auto& x = workflows[id];
  self
    ->request(domains[x.domain].handle, limits::host, atom::host_v, id,
              x.components)
    .then([this, id,
           answer](std::vector<component_status>& y) { report(id, answer, y); },
          [this, id, answer](const caf::error& e) { excuse(id, answer, e); });
}

/// What a domain says of a workflow, for whoever has asked.
void controller_state::report(const workflow_id& id, promise answer,
                              std::vector<component_status>& components) const {
  auto status = pending_status(id);
  status.components = std::move(components);
  answer.deliver(std::move(status));
}

void controller_state::excuse(const workflow_id& id, promise answer,
                              const caf::error& why) const {
  auto status = pending_status(id);
  status.reasons.push_back("domain " + status.domain + ": " + explain(why));
  answer.deliver(std::move(status));
}

/// What is known without asking a domain.
workflow_status controller_state::pending_status(const workflow_id& id) const {
  workflow_status result;
  result.id = id;
  auto i = workflows.find(id);
  if (i == workflows.end())
    return result;
  auto& x = i->second;
  result.spec = x.spec;
  result.domain = x.domain;
  result.reasons = x.reasons;
  for (auto& y : x.components) {
    component_status z;
    z.id = y.id;
    z.name = y.name;
    z.kind = y.kind;
    result.components.push_back(std::move(z));
  }
  return result;
}

caf::result<atom::ok> controller_state::stop(const workflow_id& id) {
  auto i = workflows.find(id);
  if (i == workflows.end())
    return fail(ec::unknown_workflow, "unknown workflow " + to_string(id));
  if (options.store)
    if (auto problem = options.store->remove(id))
      return problem;
  auto home = domains.find(i->second.domain);
  workflows.erase(i);
  pending.erase(id);
  ++options.counts->stops;
  log_info(name, "stopped workflow ", id);
  if (home == domains.end() || !home->second.handle)
    return atom::ok_v;
  auto answer = self->make_response_promise<atom::ok>();
  self->request(home->second.handle, limits::local, atom::drop_v, id)
    .then([answer](atom::ok) mutable { answer.deliver(atom::ok_v); },
          // It is told what to host when it attaches again.
          [answer](const caf::error&) mutable { answer.deliver(atom::ok_v); });
  return answer;
}

std::vector<workflow_id> controller_state::list() const {
  std::vector<workflow_id> result;
  for (auto& [id, x] : workflows)
    result.push_back(id);
  return result;
}

caf::result<workflow_status> controller_state::inspect(const workflow_id& id) {
  auto i = workflows.find(id);
  if (i == workflows.end())
    return fail(ec::unknown_workflow, "unknown workflow " + to_string(id));
  auto home = domains.find(i->second.domain);
  if (home == domains.end() || !home->second.handle)
    return pending_status(id);
  auto answer = self->make_response_promise<workflow_status>();
  self->request(home->second.handle, limits::local, atom::inspect_v, id)
    .then([this, id,
           answer](std::vector<component_status>& y) { report(id, answer, y); },
          [this, id, answer](const caf::error& e) { excuse(id, answer, e); });
  return answer;
}

} // namespace edgeless
