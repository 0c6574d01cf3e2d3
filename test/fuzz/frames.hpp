// SPDX-License-Identifier: MIT
#pragma once

#include "test/fixtures/frame_bytes.hpp"

#include <string>
#include <vector>

namespace edgeless::fuzz {

/// A frame of each operation and of most message types.
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
    client_handshake_frame(),
    server_handshake_frame(),
    request_frame(atom::fetch_v, code_id{"c"}, std::uint64_t{0}),
    request_frame(atom::deliver_v, std::uint64_t{1},
                  batch{0, {fragment{}, fragment{}}}),
    request_frame(atom::greet_v, greeting{}),
    request_frame(atom::host_v, workflow_id{}, std::vector{component_spec{}}),
    request_frame(atom::start_v, workflow_id{},
                  workflow_spec{{component_draft{}}, {}},
                  if_infeasible::refuse),
    response_frame(obstacles{{"no TEE"}, {0}}),
    request_frame(atom::patch_v, physical_id{}, outputs),
    request_frame(atom::invoke_v, physical_id{}, event{}),
    request_frame(atom::synced_v, session_id{}, logical_id{}, physical_id{},
                  std::string{"state"}),
    response_frame(inventory{{}, {}}),
    response_frame(status),
    response_frame(node_report{}),
    response_frame(welcome{{}, 0, {physical_id{}}}),
    response_frame(code_part{"c", 4, 0, "abcd"}),
    response_frame(std::vector{domain_description{}}),
    response_frame(fail(ec::stopping, "bye")),
    monitor(),
    down(caf::exit_reason::kill),
    heartbeat(),
  };
}

/// Admits every message of every pair of roles.
inline const frame_rules& all_admitted(bool accepted) {
  using enum peer_role;
  auto make = [](bool side) {
    message_acl_list list;
    for (auto from : {client, controller, orchestrator, node})
      for (auto to : {client, controller, orchestrator, node})
        for (auto& x : message_acl(from, to))
          list.push_back(x);
    return frame_rules{side,
                       bytes::node_id_of(bytes::local_node),
                       std::make_shared<acl_table>(list),
                       {}};
  };
  static const frame_rules rules[2] = {make(false), make(true)};
  return rules[accepted];
}

} // namespace edgeless::fuzz
