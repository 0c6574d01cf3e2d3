// SPDX-License-Identifier: MIT
#pragma once

#include "test/fixtures/frame_bytes.hpp"

#include <string>
#include <vector>

namespace edgeless::fuzz {

/// A frame of each kind, and of most messages.
inline std::vector<std::string> all_frames() {
  using namespace bytes;
  workflow_status status;
  status.components.resize(2);
  status.reasons = {"a", "b"};
  output_map outputs;
  outputs.channels["out"] = endpoint{};
  node_description node;
  node.capabilities.labels = {"a"};
  return {
    greeting_of_client(),
    greeting_of_server(),
    tell(atom::fetch_v, code_id{"c"}, std::uint64_t{0}),
    tell(atom::deliver_v, std::uint64_t{1}, batch{0, {fragment{}, fragment{}}}),
    tell(atom::greet_v, greeting{}),
    tell(atom::host_v, workflow_id{}, std::vector{component_spec{}}),
    tell(atom::start_v, workflow_id{}, workflow_spec{{component_draft{}}, {}}),
    tell(atom::patch_v, physical_id{}, outputs),
    tell(atom::invoke_v, physical_id{}, event{}),
    tell(atom::synced_v, session_id{}, logical_id{}, physical_id{},
         std::string{"state"}),
    answer(inventory{{}, {}}),
    answer(status),
    answer(node_report{}),
    answer(welcome{{}, 0, {physical_id{}}}),
    answer(code_part{"c", 4, 0, "abcd"}),
    answer(std::vector{domain_description{}}),
    answer(fail(ec::stopping, "bye")),
    monitor(),
    down(caf::exit_reason::kill),
    heartbeat(),
  };
}

/// Admits whatever anybody may say to anybody.
inline const frame_rules& all_admitted(bool accepted) {
  using enum peer_role;
  auto make = [](bool side) {
    message_acl_list list;
    for (auto from : {client, controller, orchestrator, node})
      for (auto to : {client, controller, orchestrator, node})
        for (auto& x : message_acl(from, to))
          list.push_back(x);
    return frame_rules{side,
                       bytes::node_id_of(bytes::us),
                       std::make_shared<acl_table>(list),
                       {}};
  };
  static const frame_rules rules[2] = {make(false), make(true)};
  return rules[accepted];
}

} // namespace edgeless::fuzz
