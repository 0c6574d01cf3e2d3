// SPDX-License-Identifier: MIT
#include "test/simulation/fencing_probe.hpp"

#include "test/simulation/cluster.hpp"

#include <algorithm>
#include <cassert>

namespace edgeless::test {

namespace {

/// The fields of a stamp: `!GENERATION!SESSION!SENDER[!NODE.]...`.
std::vector<std::string> fields_of(const std::string& payload) {
  std::vector<std::string> result;
  auto begin = payload.find('!');
  while (begin != std::string::npos) {
    auto end = payload.find('!', begin + 1);
    result.push_back(payload.substr(
      begin + 1, end == std::string::npos ? end : end - begin - 1));
    begin = end;
  }
  return result;
}

} // namespace

std::string fencing_probe::stamp(guest_host& host) {
  auto& x = cluster_;
  if (x.setup.only_recoverable || !x.has_domain()
      || x.orchestrator_state_of().adopting->is_recovering())
    return {};
  auto self = host.self().instance;
  auto sender = x.node_of(host);
  if (sender == "nowhere")
    return {};
  auto* instance = x.node_state_of(sender).instances.find(self);
  if (instance == nullptr)
    return {};
  auto* placed = x.orchestrator_state_of().components->find(instance->spec.id);
  if (placed == nullptr || !placed->instance || placed->instance == self)
    return {};
  auto session = x.node_state_of(sender).orchestrator.session();
  auto result = "!" + std::to_string(orchestrator_generation_) + "!"
                + to_string(session) + "!" + sender;
  for (auto& name : x.nodes())
    if (name != sender && x.ingress_of(name).dead.contains(session))
      result += "!" + name + ".";
  return result;
}

void fencing_probe::inspect(guest_host& host, const std::string& payload) {
  auto fields = fields_of(payload);
  if (fields.empty())
    return;
  assert(fields.size() >= 3);
  auto& sender = fields[2];
  auto same_generation = fields[0] == std::to_string(orchestrator_generation_);
  auto same_session
    = std::ranges::count(cluster_.nodes(), sender) > 0
      && to_string(cluster_.node_state_of(sender).orchestrator.session())
           == fields[1];
  auto receiver = cluster_.node_of(host) + ".";
  auto fenced_here = std::ranges::count(fields, receiver) > 0;
  violations_ += same_generation && same_session && fenced_here;
}

} // namespace edgeless::test
