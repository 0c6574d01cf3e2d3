// SPDX-License-Identifier: MIT
#include "tools/loadgen/controller.hpp"

namespace edgeless::benchmark {

caf::error load_controller::dial(const std::string& url) {
  url_ = url;
  is_connected_ = false;
  return connect();
}

caf::error load_controller::connect() {
  if (is_connected_)
    return caf::none;
  auto found = peer_.dial<controller_actor>(url_, peer_role::controller);
  if (!found)
    return found.error();
  controller_ = *found;
  is_connected_ = true;
  // A controller that was restarted may have lost its modules.
  uploaded_.clear();
  return caf::none;
}

caf::error load_controller::upload(const module_file& x) {
  std::uint64_t offset = 0;
  while (offset < x.bytes.size()) {
    code_part part{x.code, x.bytes.size(), offset,
                   x.bytes.substr(offset, limits::part)};
    auto next
      = peer_.ask<std::uint64_t>(controller_, atom::upload_v, std::move(part));
    if (!next)
      return next.error();
    if (*next == offset)
      return fail(ec::unreachable,
                  "the controller does not accept more of " + x.file.string());
    offset = *next;
  }
  uploaded_.insert(x.code);
  return caf::none;
}

caf::expected<workflow_status> load_controller::start(const workflow_id& id,
                                                      const workflow_file& x) {
  if (auto problem = connect())
    return problem;
  for (auto& module : x.modules)
    if (!uploaded_.contains(module.code))
      if (auto problem = upload(module))
        return problem;
  auto result
    = peer_.ask<workflow_status>(controller_, atom::start_v, id, x.spec);
  is_connected_ = static_cast<bool>(result);
  return result;
}

caf::error load_controller::stop(const workflow_id& id) {
  if (auto problem = connect())
    return problem;
  auto done = peer_.ask<atom::ok>(controller_, atom::stop_v, id);
  is_connected_ = static_cast<bool>(done);
  return done ? caf::error{} : done.error();
}

} // namespace edgeless::benchmark
