// SPDX-License-Identifier: MIT
#include "actors/connectors/http/http_egress.hpp"

#include "test/fixtures/actor_fixture.hpp"

#include "actors/connectors/http/http_poster.hpp"
#include "actors/resources/resource_provider.hpp"

#include "runtime/http/edgeless_json.hpp"
#include "runtime/http/server.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <mutex>

using namespace edgeless;
using namespace edgeless::test;

namespace {

/// Resources that send to a server of this test, over loopback.
struct http_clients_fixture : actor_fixture {
  http_clients_fixture()
    : registry{std::make_shared<instance_registry>(any<node_id>())} {
    egress = spawn_double<egress_actor>(
      [this](atom::deliver, const instance_id&, const events& x) {
        answers.insert(answers.end(), x.begin(), x.end());
      });
    node = spawn_double<node_actor>(
      [this](atom::prepare, const physical_id&, const instance_actor& x) {
        instance = keep(x);
      });
    auto opened = http_server::open(
      {"http", "127.0.0.1", 0},
      [this](http_request x, http_responder respond) {
        {
          std::unique_lock guard{mutex};
          bodies.push_back(x.body);
        }
        respond(
          {x.target == "/bad" ? 500u : 200u, {{"x", "y"}}, "re " + x.body});
      },
      {"test"});
    REQUIRE(opened);
    server = std::move(*opened);
  }

  caf::error open(const resource_class& type,
                  std::map<std::string, std::string> settings) {
    auto provider = keep(provider_actor{system.spawn(
      resource_provider, resource_context{registry, egress, node}, type.make)});
    component_spec spec;
    spec.settings = std::move(settings);
    id = any<physical_id>();
    auto done = ask<atom::ok>(provider, atom::start_v, id, spec, output_map{},
                              std::string{});
    return done ? caf::error{} : done.error();
  }

  void send(const std::string& payload, event_kind kind) {
    auto x = cast_of({any<node_id>(), any<physical_id>()}, payload);
    x.kind = kind;
    x.call = 7;
    if (auto there = registry->find(id))
      deliver(*registry, *there, {x}, [](const event&) {});
    run_until_idle();
  }

  std::uint64_t failed() {
    return registry->counts.dropped(drop_reason::resource_failed);
  }

  /// Runs the actors until so many events are done.
  bool await_done(std::uint64_t n) {
    auto end = std::chrono::steady_clock::now() + 10s;
    while (registry->counts.handled() + failed() < n) {
      if (std::chrono::steady_clock::now() > end)
        return false;
      ::usleep(1000);
      run_until_idle();
    }
    return true;
  }

  std::string url(const std::string& path) {
    return "http://127.0.0.1:" + std::to_string(server->port()) + path;
  }

  std::string request(const std::string& path) {
    return R"({"method":"Post","protocol":"HTTP","host":"127.0.0.1:)"
           + std::to_string(server->port()) + R"(","path":")" + path
           + R"(","body":[97],"headers":{}})";
  }

  instance_registry_ptr registry;
  egress_actor egress;
  node_actor node;
  physical_id id;
  instance_actor instance;
  events answers;
  std::mutex mutex;
  std::vector<std::string> bodies;
  std::unique_ptr<http_server> server;
  std::shared_ptr<http_client> client
    = std::make_shared<http_client>(std::vector<std::string>{"127.0.0.1"});
};

} // namespace

TEST_CASE_FIXTURE(http_clients_fixture,
                  "http-egress: the response is the reply to the call") {
  REQUIRE(!open(http_egress(client), {}));

  send(request("/a"), event_kind::call);
  REQUIRE(await_done(1));

  REQUIRE(answers.size() == 1);
  CHECK(answers[0].kind == event_kind::reply);
  CHECK(answers[0].call == 7);
  auto response = response_of_http_payload(answers[0].payload);
  REQUIRE(response);
  CHECK(response->status == 200);
  CHECK(response->body == "re a");
  CHECK(registry->counts.handled() == 1);
}

TEST_CASE_FIXTURE(http_clients_fixture,
                  "http-egress: what cannot be sent fails the call") {
  REQUIRE(!open(http_egress(client), {{"allow", "example.com, 127.0.0.2"}}));

  send("{}", event_kind::call);
  send(request("/a"), event_kind::call);
  send(request("/a"), event_kind::cast);
  REQUIRE(await_done(3));

  REQUIRE(answers.size() == 2);
  CHECK(answers[0].kind == event_kind::error);
  CHECK(answers[1].kind == event_kind::error);
  CHECK(failed() == 3);
  CHECK(bodies.empty());
}

TEST_CASE_FIXTURE(http_clients_fixture, "http-poster: posts each event") {
  REQUIRE(!open(http_poster(client), {{"url", url("/a")}}));

  send("one", event_kind::cast);
  send("two", event_kind::cast);
  REQUIRE(await_done(2));

  CHECK(bodies.size() == 2);
  CHECK(registry->counts.handled() == 2);
}

TEST_CASE_FIXTURE(http_clients_fixture,
                  "http-poster: decodes base64, and counts what fails") {
  REQUIRE(!open(http_poster(client),
                {{"url", url("/a")}, {"decode_base64", "true"}}));

  send("aGVsbG8=", event_kind::cast);
  send("hello", event_kind::cast);
  REQUIRE(await_done(2));

  CHECK(bodies == std::vector<std::string>{"hello"});
  CHECK(failed() == 1);
}

TEST_CASE_FIXTURE(http_clients_fixture,
                  "http-poster: a server that refuses is a counted failure") {
  REQUIRE(!open(http_poster(client), {{"url", url("/bad")}}));

  send("one", event_kind::cast);
  REQUIRE(await_done(1));

  CHECK(failed() == 1);
}

TEST_CASE_FIXTURE(http_clients_fixture,
                  "http-poster: does not start without a URL") {
  for (auto text : {"", "nonsense", "ftp://example.com/"})
    CHECK(open(http_poster(client), {{"url", text}}) == ec::bad_input);
}
