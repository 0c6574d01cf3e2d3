// SPDX-License-Identifier: MIT
#include "actors/node/orchestrator_link.hpp"

#include "test/fixtures/actor_fixture.hpp"

#include "actors/node/node.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace edgeless::test;

namespace {

/// A node, and an orchestrator that the transport reaches at once, or not.
struct link_fixture : actor_fixture {
  link_fixture() {
    node_options options;
    options.description.id = any<node_id>();
    options.orchestrator_url = "http://orchestrator:7011";
    options.where = threads::pool;
    options.net = net;
    options.random = random;
    subject = keep(node_actor{system.spawn(node, options)});
    run_until_idle();
  }

  ~link_fixture() {
    tell(subject, atom::stop_v);
  }

  /// Answers each dial; returns how many there are in that time.
  std::size_t dials_within(caf::timespan duration,
                           const caf::strong_actor_ptr& answer) {
    auto before = answered;
    for (caf::timespan passed{0}; passed < duration; passed += 20ms) {
      for (; answered < net->dials.size(); ++answered)
        tell(subject, atom::dialled_v, net->dials[answered].where, answer,
             std::string{answer ? "" : "connection refused"});
      run_for(20ms);
    }
    return answered - before;
  }

  std::shared_ptr<scripted_transport> net
    = std::make_shared<scripted_transport>();
  node_actor subject;
  std::size_t answered = 0;
};

} // namespace

TEST_CASE_FIXTURE(link_fixture,
                  "orchestrator link: a node that is refused backs off to "
                  "seconds") {
  auto refusing = spawn_double<orchestrator_actor>(
    [](atom::join, const node_description&, const node_actor&, const boot_id&,
       const inventory&) -> caf::result<welcome> {
      return fail(ec::duplicate, "node_id already in use");
    });

  dials_within(10s, caf::actor_cast<caf::strong_actor_ptr>(refusing));
  auto later
    = dials_within(60s, caf::actor_cast<caf::strong_actor_ptr>(refusing));

  CHECK(later >= 10);
  CHECK(later <= 13);
}

TEST_CASE_FIXTURE(link_fixture,
                  "orchestrator link: an orchestrator that is away is dialled "
                  "several times a second, so that its nodes are soon back") {
  CHECK(dials_within(10s, nullptr) >= 40);
}
