// SPDX-License-Identifier: MIT
#include "test/fixtures/frame_bytes.hpp"
#include "test/fixtures/tls_fixture.hpp"

#include "runtime/net/basp/basp_transport.hpp"

#include <future>

namespace edgeless {

namespace {

using enum peer_role;

/// Programs with certificates of one authority.
struct tls_test : test_authority {
  std::unique_ptr<program> start(const tls_identity& identity,
                                 std::chrono::seconds valid = 1h) {
    return std::make_unique<program>(transport_settings_of(identity, valid));
  }
};

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

/// Whether the actor behind a handle ends within test_timeout.
bool ends(program& from, const caf::strong_actor_ptr& remote) {
  caf::scoped_actor self{from.system()};
  self->monitor(caf::actor_cast<caf::actor_addr>(remote));
  auto result = false;
  self->receive([&](const caf::down_msg&) { result = true; },
                caf::after(test_timeout) >> [] {});
  return result;
}

/// Accepts every join and every greeting.
caf::behavior host(caf::event_based_actor*) {
  return {
    [](atom::join, const node_description&, const node_actor&, boot_id,
       const inventory&) { return welcome{}; },
    [](atom::greet, const greeting&) { return std::uint64_t{7}; },
  };
}

/// Describes its domain with this id.
auto domain_with_id(std::string id) {
  return [id](caf::event_based_actor*) -> caf::behavior {
    return {[id](atom::describe) {
      domain_description result;
      result.id = id;
      return result;
    }};
  };
}

caf::behavior empty_node(caf::event_based_actor*) {
  return {[](atom::running) {
    return inventory{};
  }};
}

/// Whether a request gets its response before the connection ends.
template <class Answer, class... Ts>
bool answered(program& from, const caf::strong_actor_ptr& remote,
              const Ts&... xs) {
  std::promise<bool> result;
  from.system().spawn([&](caf::event_based_actor* self) {
    auto done = [&result, self](bool x) {
      result.set_value(x);
      self->quit();
    };
    self->set_down_handler([done](const caf::down_msg&) { done(false); });
    self->monitor(caf::actor_cast<caf::actor_addr>(remote));
    self->request(caf::actor_cast<caf::actor>(remote), test_timeout, xs...)
      .then([done](const Answer&) { done(true); },
            [done](const caf::error&) { done(false); });
  });
  return result.get_future().get();
}

bool joins(program& from, const caf::strong_actor_ptr& remote,
           const node_id& as) {
  node_description x;
  x.id = as;
  return answered<welcome>(from, remote, atom::join_v, x,
                           caf::actor_cast<node_actor>(from.spawn(empty_node)),
                           boot_id{}, inventory{});
}

} // namespace

TEST_CASE_FIXTURE(tls_test,
                  "tls transport: a remote request gets its response") {
  auto here = start(node_named(1)), there = start(the_orchestrator);
  auto url
    = there->open(there->spawn(test_module_source), orchestrator, {node});

  auto remote = here->reach<module_source_actor>(url, node, orchestrator);

  REQUIRE(remote);
  CHECK(fetch(*here, remote, "known") == "xxxxxxxxxx");
  CHECK(fetch(*here, remote, "other") == "unknown_code: no module other");
}

TEST_CASE_FIXTURE(tls_test, "tls transport: https means the same as http") {
  auto here = start(node_named(1)), there = start(the_orchestrator);
  auto url
    = there->open(there->spawn(test_module_source), orchestrator, {node});

  auto result = here->dial("https" + url.substr(4), node, orchestrator);

  CHECK(result.reason == "");
}

TEST_CASE_FIXTURE(tls_test, "tls transport: large frames pass") {
  auto one = start(node_named(1)), two = start(node_named(2));
  auto url = two->open(two->spawn(test_ingress), node, {node});
  auto remote = one->reach<ingress_actor>(url, node, node);
  REQUIRE(remote);
  batch large;
  large.fragments.resize(1);
  large.fragments[0].content.payload.assign(limits::part, 'x');
  batch small;
  small.fragments.resize(64);

  caf::scoped_actor self{one->system()};
  std::uint64_t taken = 0;
  for (int i = 0; i < 20; ++i) {
    self->request(remote, test_timeout, atom::deliver_v, std::uint64_t{1},
                  large);
    self->request(remote, test_timeout, atom::deliver_v, std::uint64_t{1},
                  small);
  }
  self->request(remote, test_timeout, atom::deliver_v, std::uint64_t{1}, small)
    .receive([&](std::uint64_t x) { taken = x; }, [](const caf::error&) {});

  CHECK(taken == 20 * 65 + 64);
  CHECK(two->statistics->refused_in_total() == 0);
}

TEST_CASE_FIXTURE(tls_test,
                  "tls transport: key updates do not disturb the connection") {
  auto settings = program::with_short_timeouts();
  settings.dial = settings.handshake = test_timeout;
  tls_options options;
  options.records_per_key = 3;
  settings.tls = make_context(node_named(1), 1h, options);
  program here{settings};
  auto there = start(node_named(2));
  auto url = there->open(there->spawn(test_ingress), node, {node});
  auto remote = here.reach<ingress_actor>(url, node, node);
  batch load;
  load.fragments.resize(1);
  load.fragments[0].content.payload.assign(100'000, 'x');

  caf::scoped_actor self{here.system()};
  std::uint64_t taken = 0;
  for (int i = 0; i < 50; ++i)
    self->request(remote, test_timeout, atom::deliver_v, std::uint64_t{1}, load)
      .receive([&](std::uint64_t x) { taken = x; }, [](const caf::error&) {});

  CHECK(taken == 50);
}

TEST_CASE_FIXTURE(tls_test,
                  "tls transport: both of two simultaneous dials succeed") {
  for (int round = 0; round < 5; ++round) {
    auto one = start(node_named(1)), two = start(node_named(2));
    auto to_one = one->open(one->spawn(test_ingress), node, {node});
    auto to_two = two->open(two->spawn(test_ingress), node, {node});
    caf::strong_actor_ptr back;
    std::thread other{[&] {
      back = two->dial(to_one, node, node).handle;
    }};
    auto forth = one->dial(to_two, node, node).handle;
    other.join();

    REQUIRE(forth);
    REQUIRE(back);
    CHECK(answered<std::uint64_t>(*one, forth, atom::deliver_v,
                                  std::uint64_t{1}, batch{0, {fragment{}}}));
    CHECK(answered<std::uint64_t>(*two, back, atom::deliver_v, std::uint64_t{1},
                                  batch{0, {fragment{}}}));
  }
}

TEST_CASE_FIXTURE(
  tls_test, "tls transport: a monitor gets a down message when the peer ends") {
  auto here = start(node_named(1)), there = start(the_orchestrator);
  auto url
    = there->open(there->spawn(test_module_source), orchestrator, {node});
  auto remote = here->dial(url, node, orchestrator).handle;
  REQUIRE(remote);

  there.reset();

  CHECK(ends(*here, remote));
}

// -- which roles are accepted -------------------------------------------------

TEST_CASE_FIXTURE(tls_test,
                  "tls transport: a listener accepts the admitted roles only") {
  struct port {
    tls_identity owner;
    std::vector<peer_role> admitted;
  };
  std::vector<port> ports{{the_controller, {client}},
                          {the_orchestrator, {node, controller}},
                          {node_named(9), {node, client}}};
  auto identities
    = {some_client, the_controller, the_orchestrator, node_named(1)};
  for (auto& x : ports) {
    auto there = start(x.owner);
    auto url = there->open(there->spawn(host), x.owner.role, x.admitted);
    std::uint64_t refused = 0;
    for (auto& identity : identities) {
      auto here = start(identity);
      // An orchestrator probes its nodes, and may send them nothing there.
      auto is_probe
        = identity.role == orchestrator && x.owner.role == peer_role::node;
      auto is_admitted
        = is_probe || std::ranges::count(x.admitted, identity.role) > 0;
      refused += !is_admitted;

      auto result = here->dial(url, identity.role, x.owner.role);

      INFO(to_string(identity) << " at " << to_string(x.owner));
      CHECK(static_cast<bool>(result.handle) == is_admitted);
      CHECK((result.reason == "") == is_admitted);
    }
    // The peer may be told of a refusal before it has been counted.
    CHECK(eventually([&] {
      return there->statistics->refused_for(refusal::wrong_role) >= refused;
    }));
    CHECK(there->statistics->refused_for(refusal::wrong_role) == refused);
  }
}

TEST_CASE_FIXTURE(tls_test,
                  "tls transport: a dial by name refuses another identity") {
  auto there = start(node_named(9));
  auto url = there->open(there->spawn(host), node, {node, client});
  auto here = start(node_named(1));

  auto right = here->dial(url, node, node, node_named(9).name);
  auto wrong = here->dial(url, node, node, node_named(8).name);

  CHECK(right.handle);
  CHECK(!wrong.handle);
  CHECK(wrong.reason
        == url.substr(7) + ": the certificate of " + to_string(node_named(9))
             + "; expected: " + to_string(node_named(8)));
  CHECK(here->statistics->refused_for(refusal::identity_mismatch) == 1);
}

TEST_CASE_FIXTURE(tls_test,
                  "tls transport: a dial refuses a peer of another role") {
  auto there = start(node_named(9));
  auto url = there->open(there->spawn(host), node, {node, client});
  auto here = start(node_named(1));

  auto result = here->dial(url, node, orchestrator);

  CHECK(!result.handle);
  CHECK(result.reason
        == url.substr(7) + ": the certificate of " + to_string(node_named(9))
             + "; expected: orchestrator");
  CHECK(here->statistics->refused_for(refusal::wrong_role) == 1);
}

TEST_CASE_FIXTURE(
  tls_test,
  "tls transport: the certificate's role decides which messages are admitted") {
  // Without TLS, a peer may send what any admitted role may send.
  program plain_server;
  auto open_url
    = plain_server.open(plain_server.spawn(domain_with_id("domain-1")),
                        orchestrator, {node, controller});
  program plain_client;
  auto plain_handle
    = plain_client.dial(open_url, controller, orchestrator).handle;
  REQUIRE(plain_handle);
  CHECK(
    answered<domain_description>(plain_client, plain_handle, atom::describe_v));

  auto there = start(the_orchestrator);
  auto url = there->open(there->spawn(domain_with_id("domain-1")), orchestrator,
                         {node, controller});
  auto here = start(node_named(1));
  auto acceptor = here->dial(url, node, orchestrator).handle;
  REQUIRE(acceptor);
  CHECK(!answered<domain_description>(*here, acceptor, atom::describe_v));
  CHECK(there->statistics->refused_for(refusal::not_admitted) == 1);
}

// -- identities in messages ---------------------------------------------------

TEST_CASE_FIXTURE(tls_test,
                  "tls transport: a node joins with its own id only") {
  auto there = start(the_orchestrator);
  auto url = there->open(there->spawn(host), orchestrator, {node});
  auto here = start(node_named(1));
  auto acceptor = here->dial(url, node, orchestrator).handle;
  REQUIRE(acceptor);

  CHECK(joins(*here, acceptor, node_id{1, 1}));
  CHECK(!joins(*here, acceptor, node_id{1, 2}));

  CHECK(there->statistics->refused_for(refusal::identity_mismatch) == 1);
}

TEST_CASE_FIXTURE(
  tls_test,
  "tls transport: an egress greets in the name of its own node only") {
  auto there = start(node_named(9));
  auto url = there->open(there->spawn(host), node, {node});
  auto here = start(node_named(1));
  auto acceptor = here->dial(url, node, node).handle;
  REQUIRE(acceptor);
  greeting x;
  x.link = 77;
  x.node = {1, 1};

  CHECK(answered<std::uint64_t>(*here, acceptor, atom::greet_v, x));
  x.node = {1, 2};
  CHECK(!answered<std::uint64_t>(*here, acceptor, atom::greet_v, x));

  CHECK(there->statistics->refused_for(refusal::identity_mismatch) == 1);
}

TEST_CASE_FIXTURE(
  tls_test, "tls transport: an orchestrator describes its own domain only") {
  for (auto& [domain, is_own] :
       {std::pair{"domain-1", true}, std::pair{"domain-2", false}}) {
    auto there = start(the_orchestrator);
    auto url = there->open(there->spawn(domain_with_id(domain)), orchestrator,
                           {controller});
    auto here = start(the_controller);
    auto acceptor = here->dial(url, controller, orchestrator).handle;
    REQUIRE(acceptor);

    CHECK(answered<domain_description>(*here, acceptor, atom::describe_v)
          == is_own);

    CHECK(here->statistics->refused_for(refusal::identity_mismatch)
          == (is_own ? 0 : 1));
  }
}

TEST_CASE_FIXTURE(tls_test, "tls transport: a connected node id cannot be "
                            "taken over by another identity") {
  auto there = start(the_orchestrator);
  auto url
    = there->open(there->spawn(test_module_source), orchestrator, {node});
  auto here = start(node_named(1));
  auto acceptor = here->reach<module_source_actor>(url, node, orchestrator);
  REQUIRE(acceptor);
  auto greeting = bytes::client_handshake_frame();
  greeting.payload = bytes::of(here->system().node());
  tls_client impostor{url, make_context(node_named(2))->dial(orchestrator)};
  REQUIRE(impostor.complete_handshake());

  impostor.send(std::string{greeting});

  CHECK(impostor.is_closed());
  CHECK(eventually([&] {
    return there->statistics->refused_for(refusal::identity_mismatch) == 1;
  }));
  CHECK(fetch(*here, acceptor, "known") == "xxxxxxxxxx");
}

// -- refused certificates -----------------------------------------------------

TEST_CASE_FIXTURE(
  tls_test,
  "tls transport: refuses a client certificate of a foreign authority") {
  test_authority elsewhere;
  auto there = start(the_orchestrator);
  auto url
    = there->open(there->spawn(test_module_source), orchestrator, {node});
  auto settings = program::with_short_timeouts();
  settings.dial = test_timeout;
  settings.tls = *tls_context::open(foreign(elsewhere, *this, node_named(1)),
                                    node_named(1));
  program here{settings};

  auto result = here.dial(url, node, orchestrator);

  CHECK(!result.handle);
  CHECK(has(result.reason, "peer refused our certificate: "));
  CHECK(eventually([&] {
    return there->statistics->refused_for(refusal::bad_certificate) == 1;
  }));
}

TEST_CASE_FIXTURE(
  tls_test,
  "tls transport: refuses a server certificate of a foreign authority") {
  test_authority elsewhere;
  program there{elsewhere.transport_settings_of(the_orchestrator)};
  auto url = there.open(there.spawn(test_module_source), orchestrator, {node});
  auto here = start(node_named(1));

  auto result = here->dial(url, node, orchestrator);

  CHECK(!result.handle);
  CHECK(has(result.reason,
            "the certificate of edgeless://orchestrator/domain-1: "));
  CHECK(here->statistics->refused_for(refusal::bad_certificate) == 1);
}

TEST_CASE_FIXTURE(tls_test, "tls transport: refuses an expired certificate") {
  auto there = start(the_orchestrator);
  auto url
    = there->open(there->spawn(test_module_source), orchestrator, {node});
  auto here = start(node_named(1), 2s);

  std::string reason;
  CHECK(eventually([&] {
    reason = here->dial(url, node, orchestrator).reason;
    return reason != "";
  }));

  CHECK(has(reason, "certificate expired"));
  CHECK(eventually([&] {
    return there->statistics->refused_for(refusal::bad_certificate) >= 1;
  }));
}

TEST_CASE("tls transport: refusals are logged with their reason at most once a "
          "second") {
  test_authority from, elsewhere;
  auto settings = from.transport_settings_of(the_orchestrator);
  std::mutex mutex;
  std::vector<std::string> lines;
  settings.log = [&](const std::string& line) {
    std::lock_guard lock{mutex};
    lines.push_back(line);
  };
  program there{settings};
  auto url = there.open(there.spawn(test_module_source), orchestrator, {node});
  for (int i = 0; i < 10; ++i) {
    tls_client x{url, tls_context::open(foreign(elsewhere, from, node_named(1)),
                                        node_named(1))
                        ->get()
                        ->dial(orchestrator)};
    x.complete_handshake();
    REQUIRE(x.is_closed());
  }

  CHECK(eventually([&] {
    return there.statistics->refused_for(refusal::bad_certificate) == 10;
  }));
  std::lock_guard lock{mutex};
  REQUIRE(!lines.empty());
  CHECK(lines.size() < 10);
  CHECK(has(lines[0], " reason=bad_certificate: the certificate of "
                        + to_string(node_named(1)) + ": "));
}

} // namespace edgeless
