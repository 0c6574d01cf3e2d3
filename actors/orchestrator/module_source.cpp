// SPDX-License-Identifier: MIT
#include "actors/orchestrator/module_source.hpp"

#include "runtime/base/log.hpp"

#include <cassert>

namespace edgeless {

void module_source::set_controller(controller_link_actor x) {
  controller_ = std::move(x);
  for (auto& [id, count] : users_)
    obtain(id);
}

void module_source::retain(const code_id& id) {
  if (id.empty())
    return; // a resource
  ++users_[id];
  obtain(id);
}

void module_source::release(const code_id& id) {
  if (id.empty())
    return;
  auto i = users_.find(id);
  assert(i != users_.end() && i->second > 0);
  if (--i->second == 0)
    users_.erase(i);
}

void module_source::trim() {
  modules_.keep([this](const code_id& x) { return users_.contains(x); });
}

/// Requests the next part, unless the module is complete.
void module_source::obtain(const code_id& id) {
  if (modules_.has(id) || !controller_ || !fetching_.insert(id).second)
    return;
  self_
    ->request(controller_, limits::local, atom::fetch_v, id,
              modules_.progress(id))
    .then(
      [this, id](const code_part& x) {
        fetching_.erase(id);
        auto added = modules_.add(x);
        if (!added)
          answer_readers(id, added.error());
        else if (modules_.has(id))
          answer_readers(id, caf::none);
        else
          obtain(id);
      },
      [this, id](const caf::error& x) {
        fetching_.erase(id);
        log_warn("orchestrator",
                 "cannot fetch a module: module=", id.substr(0, 12),
                 " reason=", x);
        answer_readers(id, x);
      });
}

caf::result<code_part> module_source::fetch(const code_id& id,
                                            std::uint64_t offset) {
  if (modules_.has(id)) {
    auto part = modules_.part(id, offset);
    if (!part)
      return part.error();
    return std::move(*part);
  }
  obtain(id);
  if (!fetching_.contains(id))
    return fail(ec::unknown_code, "no controller to get the module from");
  auto promise = self_->make_response_promise<code_part>();
  readers_[id].push_back({offset, promise});
  return promise;
}

void module_source::answer_readers(const code_id& id,
                                   const caf::error& problem) {
  auto waiting = readers_.extract(id);
  if (!waiting)
    return;
  for (auto& x : waiting.mapped()) {
    auto part = modules_.part(id, x.offset);
    if (part)
      x.promise.deliver(std::move(*part));
    else
      x.promise.deliver(problem ? problem : part.error());
  }
}

} // namespace edgeless
