// SPDX-License-Identifier: MIT
#include "runtime/net/basp/caf_system.hpp"

#include "messages/errors.hpp"

#include <caf/all.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <memory>

namespace edgeless {

TEST_CASE("caf system: each actor system has its own node id") {
  system_config config;
  auto one = std::make_unique<caf::actor_system>(config);
  auto id = one->node();
  one.reset();
  system_config again;
  caf::actor_system two{again};

  CHECK(id);
  CHECK(bool{id != two.node()});
}

TEST_CASE("caf system: an error is rendered with its text") {
  system_config config;
  caf::actor_system system{config};
  CHECK(system.render(fail(ec::unknown_code, "no module c"))
        == "unknown_code: no module c");
}

TEST_CASE(
  "caf system: disable_remote_spawn removes the spawn and config servers") {
  system_config config;
  caf::actor_system system{config};
  disable_remote_spawn(system);
  CHECK(!system.registry().get(caf::atom("SpawnServ")));
  CHECK(!system.registry().get(caf::atom("ConfigServ")));
}

TEST_CASE("caf system: keep_quiet answers unexpected messages with an error") {
  system_config config;
  caf::actor_system system{config};
  auto quiet = system.spawn([](caf::event_based_actor* self) -> caf::behavior {
    keep_quiet(self);
    return {[self](int) {
      self->quit();
    }};
  });
  caf::scoped_actor self{system};
  std::string error;
  self->request(quiet, std::chrono::seconds{20}, std::string{"secret"})
    .receive([] {}, [&](const caf::error& x) { error = explain(x); });
  CHECK(error == "unexpected_message");
  self->send(quiet, 1);
}

} // namespace edgeless
