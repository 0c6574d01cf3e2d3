// SPDX-License-Identifier: MIT
#include "runtime/net/tls_identity.hpp"

#include "messages/errors.hpp"

#include <doctest/doctest.h>

namespace edgeless {

namespace {

const std::string uuid = "fda6ce79-46df-4f96-a0d2-456f720f606c";

std::string problem(std::string_view role, std::string_view name) {
  auto x = make_identity(role, name);
  return x ? "" : explain(x.error());
}

} // namespace

TEST_CASE("tls identity: is written as a URI and parsed from it") {
  for (auto& [x, uri] : std::vector<std::pair<tls_identity, std::string>>{
         {{peer_role::node, uuid}, "edgeless://node/" + uuid},
         {{peer_role::orchestrator, "domain-1"},
          "edgeless://orchestrator/domain-1"},
         {{peer_role::orchestrator, "a/b c"},
          "edgeless://orchestrator/a%2Fb%20c"},
         {{peer_role::controller, ""}, "edgeless://controller"},
         {{peer_role::client, "eve"}, "edgeless://client/eve"}}) {
    CHECK(to_string(x) == uri);
    CHECK(parse_identity(uri) == x);
  }
}

TEST_CASE("tls identity: refuses other spellings and other URIs") {
  for (auto uri :
       {"edgeless://node/FDA6CE79-46DF-4F96-A0D2-456F720F606C",
        "edgeless://node/fda6ce79", "edgeless://node/",
        "edgeless://node/00000000-0000-0000-0000-000000000000",
        "edgeless://controller/", "edgeless://controller/x",
        "edgeless://client", "edgeless://client/%65ve", "edgeless://client/a%2",
        "edgeless://client/a%2f", "edgeless://king/eve",
        "EDGELESS://client/eve", "https://client/eve", ""})
    CHECK(!parse_identity(uri));
  CHECK(!parse_identity("edgeless://client/" + std::string(2000, 'x')));
}

TEST_CASE("tls identity: make_identity reports what is missing or invalid") {
  CHECK(problem("node", uuid) == "");
  CHECK(problem("node", "n1") == "\"n1\" is no UUID");
  CHECK(problem("node", "") == "the UUID of the node is missing");
  CHECK(problem("orchestrator", "")
        == "the domain id of the orchestrator is missing");
  CHECK(problem("client", "") == "the name of the client is missing");
  CHECK(problem("controller", "x") == "a controller has no name");
  CHECK(problem("king", "x")
        == "\"king\" is none of node, orchestrator, controller, client");
  CHECK(problem("client", std::string(256, 'x'))
        == "the name has more than 255 bytes");
}

} // namespace edgeless
