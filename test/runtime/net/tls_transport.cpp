// SPDX-License-Identifier: MIT
#include "test/fixtures/frame_bytes.hpp"
#include "test/fixtures/tls_fixture.hpp"

#include "runtime/net/basp/basp_transport.hpp"

#include <future>

namespace edgeless {

namespace {

using enum peer_role;

/// An authority that everybody here trusts.
struct trusted : notary {
  std::unique_ptr<program> start(const tls_identity& whom,
                                 std::chrono::seconds valid = 1h) {
    return std::make_unique<program>(wire_of(whom, valid));
  }
};

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

/// Whether whoever is behind a handle is gone before ages have passed.
bool ends(program& from, const caf::strong_actor_ptr& whom) {
  caf::scoped_actor self{from.system()};
  self->monitor(caf::actor_cast<caf::actor_addr>(whom));
  auto result = false;
  self->receive([&](const caf::down_msg&) { result = true; },
                caf::after(ages) >> [] {});
  return result;
}

/// Lets everybody join, and takes every greeting.
caf::behavior host(caf::event_based_actor*) {
  return {
    [](atom::join, const node_description&, const node_actor&, boot_id,
       const inventory&) { return welcome{}; },
    [](atom::greet, const greeting&) { return std::uint64_t{7}; },
  };
}

/// Says of its domain what it is told to.
auto domain_called(std::string id) {
  return [id](caf::event_based_actor*) -> caf::behavior {
    return {[id](atom::describe) {
      domain_description result;
      result.id = id;
      return result;
    }};
  };
}

caf::behavior nobody(caf::event_based_actor*) {
  return {[](atom::running) {
    return inventory{};
  }};
}

/// Whether a question is answered, before the connection ends.
template <class Answer, class... Ts>
bool answered(program& from, const caf::strong_actor_ptr& whom,
              const Ts&... xs) {
  std::promise<bool> result;
  from.system().spawn([&](caf::event_based_actor* self) {
    auto done = [&result, self](bool x) {
      result.set_value(x);
      self->quit();
    };
    self->set_down_handler([done](const caf::down_msg&) { done(false); });
    self->monitor(caf::actor_cast<caf::actor_addr>(whom));
    self->request(caf::actor_cast<caf::actor>(whom), ages, xs...)
      .then([done](const Answer&) { done(true); },
            [done](const caf::error&) { done(false); });
  });
  return result.get_future().get();
}

bool joins(program& from, const caf::strong_actor_ptr& whom,
           const node_id& as) {
  node_description x;
  x.id = as;
  return answered<welcome>(from, whom, atom::join_v, x,
                           caf::actor_cast<node_actor>(from.spawn(nobody)),
                           boot_id{}, inventory{});
}

} // namespace

TEST_CASE_FIXTURE(trusted, "a request is answered across an encrypted wire") {
  auto here = start(node_named(1)), there = start(the_orchestrator);
  auto url = there->open(there->spawn(library), orchestrator, {node});

  auto whom = here->reach<module_source_actor>(url, node, orchestrator);

  REQUIRE(whom);
  CHECK(fetch(*here, whom, "known") == "xxxxxxxxxx");
  CHECK(fetch(*here, whom, "other") == "unknown_code: no module other");
}

TEST_CASE_FIXTURE(trusted, "with certificates, https means the same as http") {
  auto here = start(node_named(1)), there = start(the_orchestrator);
  auto url = there->open(there->spawn(library), orchestrator, {node});

  auto result = here->dial("https" + url.substr(4), node, orchestrator);

  CHECK(result.reason == "");
}

TEST_CASE_FIXTURE(trusted, "large frames pass in both directions") {
  auto one = start(node_named(1)), two = start(node_named(2));
  auto url = two->open(two->spawn(ingress), node, {node});
  auto whom = one->reach<ingress_actor>(url, node, node);
  REQUIRE(whom);
  batch large;
  large.fragments.resize(1);
  large.fragments[0].content.payload.assign(limits::part, 'x');
  batch small;
  small.fragments.resize(64);

  caf::scoped_actor self{one->system()};
  std::uint64_t taken = 0;
  for (int i = 0; i < 20; ++i) {
    self->request(whom, ages, atom::deliver_v, std::uint64_t{1}, large);
    self->request(whom, ages, atom::deliver_v, std::uint64_t{1}, small);
  }
  self->request(whom, ages, atom::deliver_v, std::uint64_t{1}, small)
    .receive([&](std::uint64_t x) { taken = x; }, [](const caf::error&) {});

  CHECK(taken == 20 * 65 + 64);
  CHECK(two->statistics->refused_in_total() == 0);
}

TEST_CASE_FIXTURE(trusted, "keys are renewed, and nobody notices") {
  auto settings = program::quick();
  settings.dial = settings.handshake = ages;
  tls_options options;
  options.records_per_key = 3;
  settings.tls = supervisor(node_named(1), 1h, options);
  program here{settings};
  auto there = start(node_named(2));
  auto url = there->open(there->spawn(ingress), node, {node});
  auto whom = here.reach<ingress_actor>(url, node, node);
  batch load;
  load.fragments.resize(1);
  load.fragments[0].content.payload.assign(100'000, 'x');

  caf::scoped_actor self{here.system()};
  std::uint64_t taken = 0;
  for (int i = 0; i < 50; ++i)
    self->request(whom, ages, atom::deliver_v, std::uint64_t{1}, load)
      .receive([&](std::uint64_t x) { taken = x; }, [](const caf::error&) {});

  CHECK(taken == 50);
}

TEST_CASE_FIXTURE(trusted, "two nodes that dial each other both get through") {
  for (int round = 0; round < 5; ++round) {
    auto one = start(node_named(1)), two = start(node_named(2));
    auto to_one = one->open(one->spawn(ingress), node, {node});
    auto to_two = two->open(two->spawn(ingress), node, {node});
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

TEST_CASE_FIXTURE(trusted, "whoever watches a peer learns that it has ended") {
  auto here = start(node_named(1)), there = start(the_orchestrator);
  auto url = there->open(there->spawn(library), orchestrator, {node});
  auto whom = here->dial(url, node, orchestrator).handle;
  REQUIRE(whom);

  there.reset();

  CHECK(ends(*here, whom));
}

// -- who may come in ----------------------------------------------------------

TEST_CASE_FIXTURE(trusted, "a port lets in those who have business there") {
  struct port {
    tls_identity owner;
    std::vector<peer_role> guests;
  };
  std::vector<port> ports{{the_controller, {client}},
                          {the_orchestrator, {node, controller}},
                          {node_named(9), {node, client}}};
  auto guests = {somebody, the_controller, the_orchestrator, node_named(1)};
  for (auto& x : ports) {
    auto there = start(x.owner);
    auto url = there->open(there->spawn(host), x.owner.role, x.guests);
    std::uint64_t strangers = 0;
    for (auto& guest : guests) {
      auto here = start(guest);
      auto welcome = std::ranges::count(x.guests, guest.role) > 0;
      strangers += !welcome;

      auto result = here->dial(url, guest.role, x.owner.role);

      INFO(to_string(guest) << " at " << to_string(x.owner));
      CHECK(static_cast<bool>(result.handle) == welcome);
      CHECK((result.reason == "") == welcome);
    }
    // The last one may know before it has been counted.
    CHECK(eventually([&] {
      return there->statistics->refused_for(refusal::wrong_role) >= strangers;
    }));
    CHECK(there->statistics->refused_for(refusal::wrong_role) == strangers);
  }
}

TEST_CASE_FIXTURE(trusted, "whoever dials a name reaches nobody else") {
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

TEST_CASE_FIXTURE(trusted, "whoever dials wants the role that he dials") {
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

TEST_CASE_FIXTURE(trusted, "the certificate decides what may be said") {
  // Whoever is in the clear may say what any guest of the port may.
  program open_house;
  auto open_url = open_house.open(open_house.spawn(domain_called("home")),
                                  orchestrator, {node, controller});
  program anybody;
  auto open_door = anybody.dial(open_url, controller, orchestrator).handle;
  REQUIRE(open_door);
  CHECK(answered<domain_description>(anybody, open_door, atom::describe_v));

  auto there = start(the_orchestrator);
  auto url = there->open(there->spawn(domain_called("home")), orchestrator,
                         {node, controller});
  auto here = start(node_named(1));
  auto acceptor = here->dial(url, node, orchestrator).handle;
  REQUIRE(acceptor);
  CHECK(!answered<domain_description>(*here, acceptor, atom::describe_v));
  CHECK(there->statistics->refused_for(refusal::not_admitted) == 1);
}

// -- in whose name ------------------------------------------------------------

TEST_CASE_FIXTURE(trusted, "a node joins as itself, and as nobody else") {
  auto there = start(the_orchestrator);
  auto url = there->open(there->spawn(host), orchestrator, {node});
  auto here = start(node_named(1));
  auto acceptor = here->dial(url, node, orchestrator).handle;
  REQUIRE(acceptor);

  CHECK(joins(*here, acceptor, node_id{1, 1}));
  CHECK(!joins(*here, acceptor, node_id{1, 2}));

  CHECK(there->statistics->refused_for(refusal::identity_mismatch) == 1);
}

TEST_CASE_FIXTURE(trusted, "a link greets in the name of its own node") {
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

TEST_CASE_FIXTURE(trusted, "an orchestrator speaks for its own domain alone") {
  for (auto& [domain, believed] :
       {std::pair{"home", true}, std::pair{"abroad", false}}) {
    auto there = start(the_orchestrator);
    auto url = there->open(there->spawn(domain_called(domain)), orchestrator,
                           {controller});
    auto here = start(the_controller);
    auto acceptor = here->dial(url, controller, orchestrator).handle;
    REQUIRE(acceptor);

    CHECK(answered<domain_description>(*here, acceptor, atom::describe_v)
          == believed);

    CHECK(here->statistics->refused_for(refusal::identity_mismatch)
          == (believed ? 0 : 1));
  }
}

TEST_CASE_FIXTURE(trusted, "nobody takes the place of one who is connected") {
  auto there = start(the_orchestrator);
  auto url = there->open(there->spawn(library), orchestrator, {node});
  auto here = start(node_named(1));
  auto acceptor = here->reach<module_source_actor>(url, node, orchestrator);
  REQUIRE(acceptor);
  auto greeting = bytes::greeting_of_client();
  greeting.payload = bytes::of(here->system().node());
  visitor thief{url, supervisor(node_named(2))->dial(orchestrator)};
  REQUIRE(thief.shake_hands());

  thief.send(std::string{greeting});

  CHECK(thief.is_cut());
  CHECK(eventually([&] {
    return there->statistics->refused_for(refusal::identity_mismatch) == 1;
  }));
  CHECK(fetch(*here, acceptor, "known") == "xxxxxxxxxx");
}

// -- certificates that are no good --------------------------------------------

TEST_CASE_FIXTURE(trusted, "a certificate of a foreign authority is refused") {
  notary elsewhere;
  auto there = start(the_orchestrator);
  auto url = there->open(there->spawn(library), orchestrator, {node});
  auto settings = program::quick();
  settings.dial = ages;
  settings.tls = *tls_context::open(foreign(elsewhere, *this, node_named(1)),
                                    node_named(1));
  program here{settings};

  auto result = here.dial(url, node, orchestrator);

  CHECK(!result.handle);
  CHECK(has(result.reason, "it refuses us: "));
  CHECK(eventually([&] {
    return there->statistics->refused_for(refusal::bad_certificate) == 1;
  }));
}

TEST_CASE_FIXTURE(trusted, "whoever is vouched for elsewhere is not believed") {
  notary elsewhere;
  program there{elsewhere.wire_of(the_orchestrator)};
  auto url = there.open(there.spawn(library), orchestrator, {node});
  auto here = start(node_named(1));

  auto result = here->dial(url, node, orchestrator);

  CHECK(!result.handle);
  CHECK(
    has(result.reason, "the certificate of edgeless://orchestrator/home: "));
  CHECK(here->statistics->refused_for(refusal::bad_certificate) == 1);
}

TEST_CASE_FIXTURE(trusted, "a certificate that has expired is refused") {
  auto there = start(the_orchestrator);
  auto url = there->open(there->spawn(library), orchestrator, {node});
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

TEST_CASE("why a peer was refused is told, at most once a second") {
  notary from, elsewhere;
  auto settings = from.wire_of(the_orchestrator);
  std::mutex mutex;
  std::vector<std::string> lines;
  settings.log = [&](const std::string& line) {
    std::lock_guard lock{mutex};
    lines.push_back(line);
  };
  program there{settings};
  auto url = there.open(there.spawn(library), orchestrator, {node});
  for (int i = 0; i < 10; ++i) {
    visitor x{url, tls_context::open(foreign(elsewhere, from, node_named(1)),
                                     node_named(1))
                     ->get()
                     ->dial(orchestrator)};
    x.shake_hands();
    REQUIRE(x.is_cut());
  }

  CHECK(eventually([&] {
    return there.statistics->refused_for(refusal::bad_certificate) == 10;
  }));
  std::lock_guard lock{mutex};
  REQUIRE(!lines.empty());
  CHECK(lines.size() < 10);
  CHECK(has(lines[0], ": bad_certificate, the certificate of "
                        + to_string(node_named(1)) + ": "));
}

} // namespace edgeless
