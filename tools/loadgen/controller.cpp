// SPDX-License-Identifier: MIT
#include "tools/loadgen/controller.hpp"

#include <chrono>
#include <thread>

namespace edgeless::benchmark {

using namespace std::chrono_literals;

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

caf::error load_controller::wait_for_nodes(const std::string& url,
                                           std::size_t count) {
  url_ = url;
  is_connected_ = false;
  auto deadline = std::chrono::steady_clock::now() + 20s;
  while (std::chrono::steady_clock::now() < deadline) {
    auto all = ask<std::vector<domain_description>>(atom::domains_v);
    if (all && !all->empty() && all->front().nodes >= count)
      return caf::none;
    std::this_thread::sleep_for(1ms);
  }
  return fail(ec::unreachable, "the nodes did not join within 20 s");
}

caf::error load_controller::upload(const module_file& x) {
  std::uint64_t offset = 0;
  while (offset < x.bytes.size()) {
    auto next = ask<std::uint64_t>(
      atom::upload_v, code_part{x.code, x.bytes.size(), offset,
                                x.bytes.substr(offset, limits::part)});
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
  return ask<workflow_status>(atom::start_v, id, x.spec, if_infeasible::refuse);
}

caf::error load_controller::stop(const workflow_id& id) {
  auto stopped = ask<atom::ok>(atom::stop_v, id);
  return stopped ? caf::error{} : stopped.error();
}

caf::expected<workflow_status> load_controller::inspect(const workflow_id& id) {
  return ask<workflow_status>(atom::inspect_v, id);
}

} // namespace edgeless::benchmark
