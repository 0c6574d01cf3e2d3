// SPDX-License-Identifier: MIT
#include "actors/connectors/file_log.hpp"

#include "test/fixtures/actor_fixture.hpp"
#include "test/fixtures/resource_limits.hpp"
#include "test/fixtures/temporary_folder.hpp"

#include <doctest/doctest.h>

#include <regex>

using namespace edgeless;
using namespace edgeless::test;

namespace {

struct file_log_fixture : actor_fixture {
  file_log_fixture()
    : registry{std::make_shared<instance_registry>(any<node_id>())} {
    egress = spawn_double<egress_actor>(
      [this](atom::deliver, const instance_id&, const events& x) {
        answers.insert(answers.end(), x.begin(), x.end());
      });
    auto node = spawn_double<node_actor>(
      [this](atom::prepare, const physical_id&, const instance_actor& x) {
        log = keep(x);
      });
    provider = keep(provider_actor{
      system.spawn(file_log_provider,
                   resource_context{registry, egress, node, threads::pool},
                   *confined_folder::open(files / ""))});
  }

  caf::expected<atom::ok> open(std::map<std::string, std::string> settings) {
    component_spec spec;
    spec.settings = std::move(settings);
    id = any<physical_id>();
    return ask<atom::ok>(provider, atom::start_v, id, spec, output_map{},
                         std::string{});
  }

  std::string path() {
    return (files / "log").string();
  }

  std::string content() {
    std::ifstream in{path()};
    return {std::istreambuf_iterator<char>{in}, {}};
  }

  void enqueue_cast(const std::string& payload,
                    event_kind kind = event_kind::cast) {
    auto x = cast_of({any<node_id>(), any<physical_id>()}, payload);
    x.kind = kind;
    x.call = 7;
    if (auto there = registry->find(id))
      deliver(*registry, *there, {x}, [](const event&) {});
    run_until_idle();
  }

  folder files;
  instance_registry_ptr registry;
  egress_actor egress;
  provider_actor provider;
  physical_id id;
  instance_actor log;
  events answers;
};

} // namespace

TEST_CASE_FIXTURE(file_log_fixture, "file-log: appends a line per event") {
  REQUIRE(open({{"filename", path()}}));

  enqueue_cast("a");
  enqueue_cast("b");

  CHECK(content() == "a\nb\n");
  CHECK(registry->counts.handled() == 2);
}

TEST_CASE_FIXTURE(file_log_fixture,
                  "file-log: keeps the content of an existing file") {
  files.write("log", "old\n");
  REQUIRE(open({{"filename", path()}}));

  enqueue_cast("new");

  CHECK(content() == "old\nnew\n");
}

TEST_CASE_FIXTURE(file_log_fixture,
                  "file-log: prefixes timestamp and source id on request") {
  REQUIRE(open({{"filename", path()},
                {"add-timestamp", "true"},
                {"add-source-id", "true"}}));

  enqueue_cast("a");

  CHECK(std::regex_match(
    content(),
    std::regex{R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00 )"
               R"(InstanceId\(node_id: .*, function_id: .*\) a\n)"}));
}

TEST_CASE_FIXTURE(file_log_fixture,
                  "file-log: does not start without a file name") {
  auto done = open({});

  REQUIRE(!done);
  CHECK(done.error() == ec::bad_input);
  CHECK(!registry->find(id));
}

TEST_CASE_FIXTURE(file_log_fixture,
                  "file-log: writes to no file outside of its folder") {
  auto done = open({{"filename", "/etc/nowhere"}});

  REQUIRE(!done);
  CHECK(explain(done.error())
          .starts_with("cannot open /etc/nowhere: it is outside of "));
}

TEST_CASE_FIXTURE(file_log_fixture,
                  "file-log: goes on in a new file after a rotation") {
  REQUIRE(open({{"filename", path()}}));
  enqueue_cast("a");

  std::filesystem::rename(path(), path() + ".1");
  enqueue_cast("b");

  CHECK(content() == "b\n");
}

TEST_CASE_FIXTURE(file_log_fixture,
                  "file-log: counts events lost to a full disk") {
  REQUIRE(open({{"filename", path()}}));
  file_size_limit full{3};

  enqueue_cast("a");
  enqueue_cast("bc");

  CHECK(content() == "a\n");
  CHECK(registry->counts.dropped(drop_reason::resource_failed) == 1);
  CHECK(registry->counts.handled() == 1);
}

TEST_CASE_FIXTURE(file_log_fixture, "file-log: writes and answers a call") {
  REQUIRE(open({{"filename", path()}}));

  enqueue_cast("a", event_kind::call);

  CHECK(content() == "a\n");
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].kind == event_kind::reply);
  CHECK(answers[0].call == 7);
}

TEST_CASE_FIXTURE(file_log_fixture,
                  "file-log: fails a call that cannot be written") {
  REQUIRE(open({{"filename", path()}}));
  file_size_limit full{1};

  enqueue_cast("a", event_kind::call);

  REQUIRE(answers.size() == 1);
  CHECK(answers[0].kind == event_kind::error);
}

TEST_CASE_FIXTURE(file_log_fixture,
                  "file-log: a stopped instance leaves the registry") {
  REQUIRE(open({{"filename", path()}}));

  tell(log, atom::stop_v);

  CHECK(!registry->find(id));
}
