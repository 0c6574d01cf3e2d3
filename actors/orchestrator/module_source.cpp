// SPDX-License-Identifier: MIT
#include "actors/orchestrator/orchestrator.hpp"

#include "runtime/base/log.hpp"

namespace edgeless {

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
  log_info("orchestrator", "a controller has attached");
  for (auto& [id, y] : components)
    if (!y.spec.code.empty())
      obtain(y.spec.code);
  return describe();
}

/// Gets a module from the controller, part by part, and keeps it: a node that
/// needs it later does not depend on the controller.
void orchestrator_state::obtain(const code_id& id) {
  if (code.has(id) || !controller_link || obtaining.contains(id))
    return;
  obtaining.insert(id);
  self
    ->request(controller_link, limits::local, atom::fetch_v, id,
              code.progress(id))
    .then(
      [this, id](const code_part& x) {
        obtaining.erase(id);
        auto added = code.add(x);
        if (!added)
          serve(id, added.error());
        else if (code.has(id))
          serve(id, caf::none);
        else
          obtain(id);
      },
      [this, id](const caf::error& x) {
        obtaining.erase(id);
        log_warn("orchestrator", "cannot get module ", id.substr(0, 12), ": ",
                 x);
        serve(id, x);
      });
}

caf::result<code_part> orchestrator_state::fetch(const code_id& id,
                                                 std::uint64_t offset) {
  if (code.has(id)) {
    auto part = code.part(id, offset);
    if (!part)
      return part.error();
    return *part;
  }
  obtain(id);
  if (!obtaining.contains(id))
    return fail(ec::unknown_code, "no controller to get the module from");
  auto promise = self->make_response_promise<code_part>();
  readers[id].push_back({offset, promise});
  return promise;
}

void orchestrator_state::serve(const code_id& id, const caf::error& problem) {
  auto waiting = std::exchange(readers[id], {});
  readers.erase(id);
  for (auto& x : waiting) {
    auto part = code.part(id, x.offset);
    if (part)
      x.promise.deliver(std::move(*part));
    else
      x.promise.deliver(problem ? problem : part.error());
  }
}

} // namespace edgeless
