// SPDX-License-Identifier: MIT
#include "runtime/config/box_certificates.hpp"

#include "test/fixtures/temporary_folder.hpp"

#include "runtime/config/settings.hpp"
#include "runtime/net/tls_context.hpp"

#include "messages/errors.hpp"

#include <doctest/doctest.h>

#include <random>

namespace edgeless {

namespace {

/// The error of opening the files of the settings as `self`; empty on success.
template <class Settings>
std::string
verdict(const caf::expected<Settings>& settings, const tls_identity& self) {
  if (!settings)
    return explain(settings.error());
  auto opened = tls_context::open(settings->tls, self);
  return opened ? "" : explain(opened.error());
}

} // namespace

TEST_CASE("box certificates: each program of a box gets a certificate in its "
          "own name") {
  folder box;
  random_source random = std::mt19937_64{4711};
  auto files = with_tls(*box_templates(2, random));
  REQUIRE(!write_templates(box / "", files));

  auto problem = write_box_certificates(box / "", files, random);

  REQUIRE_MESSAGE(!problem, explain(problem));
  CHECK(verdict(load_controller_settings(box / "controller.toml"),
                {peer_role::controller, ""})
        == "");
  auto orchestrator = load_orchestrator_settings(box / "orchestrator.toml");
  CHECK(verdict(orchestrator, {peer_role::orchestrator, "domain-1"}) == "");
  auto context
    = tls_context::open(orchestrator->tls, {peer_role::orchestrator, ""});
  CHECK((*context)->own_name(peer_role::node)); // of the metrics-collector
  CHECK(verdict(load_cli_settings(box / "cli.toml"), {peer_role::client, ""})
        == "");
  for (auto name : {"node1.toml", "node2.toml"}) {
    auto node = load_node_settings(box / name);
    REQUIRE(node);
    tls_identity self{peer_role::node, to_string(node->general.node_id)};
    CHECK(verdict(node, self) == "");
  }
}

TEST_CASE(
  "box certificates: an existing certificate authority is not replaced") {
  folder box;
  random_source random = std::mt19937_64{4711};
  auto files = with_tls(box_templates(random));
  REQUIRE(!write_box_certificates(box / "", files, random));

  CHECK(explain(write_box_certificates(box / "", files, random))
          .find("is there already")
        != std::string::npos);
}

} // namespace edgeless
