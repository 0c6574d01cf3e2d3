// SPDX-License-Identifier: MIT
#include "actors/controller/workflow_table.hpp"

#include "runtime/base/log.hpp"
#include "runtime/base/secrets.hpp"
#include "runtime/config/workflow_validation.hpp"

#include "messages/errors.hpp"

#include <cassert>

namespace edgeless {

void workflow_table::restore(stored_workflow x) {
  assert(x.id && !all_.contains(x.id));
  if (x.domain.empty())
    pending_.insert(x.id);
  all_[x.id]
    = {std::move(x.spec), std::move(x.components), std::move(x.domain), {}};
}

caf::error workflow_table::accept(const workflow_id& id,
                                  const workflow_spec& spec) {
  assert(!all_.contains(id));
  if (!id)
    return fail(ec::bad_input, "a workflow needs an id");
  if (store_ && store_->removed(id))
    return fail(ec::duplicate, "workflow " + to_string(id)
                                 + " has been stopped: start it under a new "
                                   "id");
  if (auto problem = check(spec))
    return problem;
  auto components = identify(id, spec);
  if (auto problem = save({id, spec, components, {}}))
    return problem;
  all_[id] = {spec, std::move(components), {}, {}};
  pending_.insert(id);
  return caf::none;
}

caf::error workflow_table::check(const workflow_spec& spec) {
  auto faults = validate(spec);
  for (auto& x : spec.components)
    if (x.kind == component_kind::function && !load(x.code))
      faults.push_back(x.name + ": its module has not been uploaded");
  if (all_.size() >= limits::workflows)
    faults.push_back("the controller has no room for another workflow");
  std::string text;
  for (auto& x : faults)
    text += (text.empty() ? "" : "\n") + x;
  return faults.empty() ? caf::none : fail(ec::bad_input, std::move(text));
}

namespace {

/// A function asks by an annotation for a format of the requests that it gets;
/// an http-ingress that feeds it makes them.
void inherit_body_format(component_spec& x,
                         const std::vector<component_spec>& all) {
  constexpr auto key = "http.body";
  if (x.kind != component_kind::resource || x.class_id != "http-ingress")
    return;
  for (auto& [channel, target] : x.wiring)
    for (auto& y : all)
      if (auto i = y.settings.find(key);
          y.id == target && i != y.settings.end())
        x.settings.emplace(key, i->second);
}

} // namespace

std::vector<component_spec>
workflow_table::identify(const workflow_id& id,
                         const workflow_spec& spec) const {
  std::map<std::string, logical_id> ids;
  for (auto& x : spec.components)
    ids[x.name] = draw<logical_id>(random_);
  std::vector<component_spec> result;
  for (auto& x : spec.components) {
    auto& y = result.emplace_back(component_spec{ids[x.name],
                                                 id,
                                                 x.name,
                                                 x.kind,
                                                 x.class_id,
                                                 x.function_type,
                                                 x.version,
                                                 x.code,
                                                 x.outputs,
                                                 x.settings,
                                                 {}});
    for (auto& [channel, target] : x.output_mapping)
      y.wiring[channel] = ids[target];
  }
  for (auto& x : result)
    inherit_body_format(x, result);
  return result;
}

/// Modules first: a saved workflow has all of its modules.
caf::error workflow_table::save(const stored_workflow& x) {
  if (!store_)
    return caf::none;
  for (auto& y : x.components)
    if (auto* module = modules_.whole(y.code))
      if (auto problem = store_->keep(y.code, *module))
        return problem;
  return store_->save(x);
}

void workflow_table::assign(const workflow_id& id, const std::string& domain) {
  auto* x = find(id);
  assert(x != nullptr && !domain.empty());
  x->domain = domain;
  x->reasons.clear();
  pending_.erase(id);
  if (!store_)
    return;
  if (auto problem = store_->set_domain(id, domain))
    log_warn("controller",
             "cannot save the domain of a workflow: workflow=", id,
             " domain=", domain, " reason=", problem);
}

caf::error workflow_table::remove(const workflow_id& id) {
  assert(all_.contains(id));
  if (store_)
    if (auto problem = store_->remove(id))
      return problem;
  all_.erase(id);
  pending_.erase(id);
  return caf::none;
}

workflow_table::workflow* workflow_table::find(const workflow_id& id) {
  auto i = all_.find(id);
  if (i == all_.end())
    return nullptr;
  assert(i->second.domain.empty() == pending_.contains(id));
  return &i->second;
}

workflow_status workflow_table::status(const workflow_id& id) const {
  workflow_status result;
  result.id = id;
  auto i = all_.find(id);
  if (i == all_.end())
    return result;
  auto& x = i->second;
  result.spec = x.spec;
  for (auto& y : result.spec.components)
    y.settings = masked(std::move(y.settings));
  result.spec.annotations = masked(std::move(result.spec.annotations));
  result.domain = x.domain;
  result.reasons = x.reasons;
  for (auto& y : x.components) {
    auto& z = result.components.emplace_back();
    z.id = y.id;
    z.name = y.name;
    z.kind = y.kind;
  }
  return result;
}

// -- modules ------------------------------------------------------------------

caf::expected<std::uint64_t> workflow_table::upload(const code_part& x) {
  auto next = modules_.add(x);
  if (!next && next.error() == ec::exhausted) {
    std::set<code_id> needed;
    for (auto& [id, y] : all_)
      for (auto& z : y.spec.components)
        needed.insert(z.code);
    modules_.keep([&](const code_id& y) { return needed.contains(y); });
    next = modules_.add(x);
  }
  return next;
}

caf::expected<code_part> workflow_table::part(const code_id& id,
                                              std::uint64_t offset) {
  load(id);
  return modules_.part(id, offset);
}

/// Whether the module is complete; loads it from the store if it has to.
bool workflow_table::load(const code_id& id) {
  if (modules_.has(id) || !store_)
    return modules_.has(id);
  auto module = store_->module(id);
  if (!module)
    return false;
  for (std::uint64_t at = 0; at < module->size();) {
    auto next
      = upload({id, module->size(), at, module->substr(at, limits::part)});
    if (!next)
      return false;
    assert(*next > at);
    at = *next;
  }
  return modules_.has(id);
}

} // namespace edgeless
