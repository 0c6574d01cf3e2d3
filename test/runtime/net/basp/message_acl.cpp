// SPDX-License-Identifier: MIT
#include "runtime/net/basp/message_layout.hpp"
#include "runtime/net/transport.hpp"

#include "messages/limits.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>

namespace edgeless {

namespace {

using enum peer_role;
using names = std::set<std::string>;

/// The atoms of the requests that `from` may send to `to`.
names requests(peer_role from, peer_role to) {
  names result;
  for (auto& x : message_acl(from, to))
    if (!x.atom.empty())
      result.insert(x.atom);
  return result;
}

/// The types of the responses that `from` may send to `to`.
names answers(peer_role from, peer_role to) {
  names result;
  for (auto& x : message_acl(from, to))
    if (x.atom.empty())
      result.insert(x.types.at(0));
  return result;
}

constexpr peer_role roles[] = {client, controller, orchestrator, node};

} // namespace

TEST_CASE("message acl: lists the requests of each pair of roles") {
  CHECK(requests(client, controller)
        == names{"start", "stop", "migrate", "list", "inspect", "domains",
                 "upload"});
  CHECK(requests(controller, orchestrator)
        == names{"attach", "describe", "why_not", "host", "hosted", "drop",
                 "inspect"});
  CHECK(requests(orchestrator, controller) == names{"fetch", "joined"});
  CHECK(requests(node, orchestrator)
        == names{"join", "exited", "synced", "fetch"});
  CHECK(requests(orchestrator, node)
        == names{"start", "patch", "stop", "prepare", "activate", "freeze",
                 "thaw", "hand_over", "keep_alive", "running", "state", "fence",
                 "moved", "drop", "hosted"});
  CHECK(requests(node, node) == names{"greet", "deliver"});
  CHECK(requests(client, node) == names{"invoke"});
}

TEST_CASE("message acl: is empty for pairs of roles without an interface") {
  CHECK(message_acl(client, orchestrator).empty());
  CHECK(message_acl(client, client).empty());
  CHECK(message_acl(node, controller).empty());
  CHECK(message_acl(controller, node).empty());
  CHECK(message_acl(controller, controller).empty());
  CHECK(message_acl(orchestrator, orchestrator).empty());
}

TEST_CASE("message acl: lists the responses of each pair of roles") {
  CHECK(answers(controller, client)
        == names{"edgeless::workflow_status", "@atom",
                 "std::vector<edgeless::workflow_id>",
                 "std::vector<edgeless::domain_description>", "@u64"});
  CHECK(answers(controller, orchestrator) == names{"edgeless::code_part"});
  CHECK(answers(node, orchestrator)
        == names{"@atom", "@str", "edgeless::state_part",
                 "edgeless::node_report", "edgeless::inventory"});
  CHECK(answers(orchestrator, node)
        == names{"edgeless::welcome", "edgeless::code_part"});
  CHECK(answers(node, node) == names{"@u64"});
  CHECK(answers(node, client) == names{"@atom"});
  CHECK(answers(client, controller).empty());
}

TEST_CASE("message acl: every admitted type has a layout and a size limit") {
  for (auto from : roles)
    for (auto to : roles)
      for (auto& x : message_acl(from, to)) {
        CHECK(x.max_size > 0);
        CHECK(x.max_size <= limits::frame);
        for (auto& type : x.types)
          CHECK(bool{find_layout(type) != nullptr});
      }
}

TEST_CASE("message acl: admits actor handles in join and attach only") {
  for (auto from : roles)
    for (auto to : roles)
      for (auto& x : message_acl(from, to))
        for (auto& type : x.types) {
          auto is_handle = type == "edgeless::node_actor"
                           || type == "edgeless::controller_link_actor";
          CHECK(is_handle
                == ((x.atom == "join" && type == "edgeless::node_actor")
                    || (x.atom == "attach"
                        && type == "edgeless::controller_link_actor")));
        }
}

} // namespace edgeless
