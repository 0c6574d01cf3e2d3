// SPDX-License-Identifier: MIT
#include "test/fixtures/temporary_folder.hpp"

#include "runtime/config/workflow_store.hpp"

#include "messages/errors.hpp"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

namespace edgeless {

namespace {

const code_id some_code(64, 'a');

stored_workflow sample(std::uint64_t number) {
  stored_workflow x;
  x.id = {number, 1};
  component_draft draft;
  draft.name = "f\"\n\u00e9";
  draft.kind = component_kind::resource;
  draft.code = some_code;
  draft.outputs = {"out"};
  draft.output_mapping = {{"out", "g"}};
  draft.settings = {{"init-payload", "a=1,b=2"}};
  x.spec.components = {draft};
  x.spec.annotations = {{"k", "v"}};
  component_spec y;
  y.id = {number, 2};
  y.workflow = x.id;
  y.name = draft.name;
  y.kind = draft.kind;
  y.code = some_code;
  y.wiring = {{"out", logical_id{number, 3}}};
  x.components = {y};
  return x;
}

struct cabinet {
  cabinet() {
    open();
  }

  void open() {
    store.reset();
    auto opened = open_workflow_store(file);
    REQUIRE_MESSAGE(opened, explain(opened.error()));
    store = std::move(*opened);
  }

  std::string problem() {
    auto opened = open_workflow_store(file);
    return opened ? "" : explain(opened.error());
  }

  folder in;
  std::filesystem::path file = in / "controller.save";
  workflow_store_ptr store;
};

} // namespace

TEST_CASE_FIXTURE(
  cabinet, "workflow store: saved workflows are loaded after a restart") {
  REQUIRE(!store->save(sample(2)));
  REQUIRE(!store->save(sample(1)));
  REQUIRE(!store->set_domain(sample(1).id, "domain-1"));

  open();
  auto all = store->load();

  REQUIRE(all);
  auto moved = sample(1);
  moved.domain = "domain-1";
  CHECK(*all == std::vector{sample(2), moved});
}

TEST_CASE_FIXTURE(cabinet,
                  "workflow store: a removed workflow leaves a tombstone") {
  REQUIRE(!store->save(sample(1)));
  CHECK(!store->removed(sample(1).id));

  REQUIRE(!store->remove(sample(1).id));

  CHECK(store->load()->empty());
  CHECK(store->removed(sample(1).id));
  CHECK(!store->removed(sample(2).id));
}

TEST_CASE_FIXTURE(
  cabinet, "workflow store: refuses a second workflow with the same id") {
  REQUIRE(!store->save(sample(1)));

  CHECK(store->save(sample(1)));

  CHECK(store->load()->size() == 1);
}

TEST_CASE_FIXTURE(
  cabinet,
  "workflow store: a module is deleted with the last workflow that needs it") {
  std::string bytes("\0asm\1", 5);
  REQUIRE(!store->keep(some_code, bytes));
  REQUIRE(!store->keep(some_code, bytes));
  REQUIRE(!store->save(sample(1)));
  REQUIRE(!store->save(sample(2)));

  REQUIRE(!store->remove(sample(1).id));
  CHECK(store->module(some_code) == bytes);

  REQUIRE(!store->remove(sample(2).id));
  CHECK(!store->module(some_code));
}

TEST_CASE_FIXTURE(
  cabinet, "workflow store: a database is opened by one process at a time") {
  CHECK(problem()
        == file.string() + " cannot be used: another process uses it");
}

TEST_CASE_FIXTURE(cabinet,
                  "workflow store: refuses files that are not its database") {
  store.reset();
  std::filesystem::remove(file);
  std::ofstream{file} << std::string(4096, 'x');

  CHECK(problem().ends_with(
    "it is not a database of edgeless_con_d: move it away"));
  CHECK(std::filesystem::file_size(file) == 4096);
}

TEST_CASE_FIXTURE(cabinet, "workflow store: only its owner may read it") {
  namespace fs = std::filesystem;
  fs::permissions(file, fs::perms::all); // as former versions have left it
  open();
  CHECK(!store->save(sample(1)));

  for (auto& x : fs::directory_iterator{file.parent_path()})
    CHECK((x.status().permissions() & fs::perms{077}) == fs::perms::none);
}

TEST_CASE_FIXTURE(cabinet, "workflow store: a missing folder is an error") {
  auto opened = open_workflow_store(in / "no/controller.save");

  REQUIRE(!opened);
  CHECK(explain(opened.error()).find("cannot be opened") != std::string::npos);
}

TEST_CASE_FIXTURE(cabinet,
                  "workflow store: acknowledged writes survive SIGKILL") {
  store.reset();
  int acknowledged[2];
  REQUIRE(pipe(acknowledged) == 0);
  auto child = fork();
  if (child == 0) {
    auto mine = open_workflow_store(file);
    for (std::uint64_t i = 1;; ++i)
      if (!mine || (*mine)->save(sample(i))
          || write(acknowledged[1], &i, sizeof i) != sizeof i)
        _exit(1);
  }
  std::uint64_t last = 0;
  while (last < 20)
    REQUIRE(read(acknowledged[0], &last, sizeof last) == sizeof last);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  close(acknowledged[1]);
  while (read(acknowledged[0], &last, sizeof last) == sizeof last) {
  }
  close(acknowledged[0]);

  open();
  auto all = store->load();

  REQUIRE(all);
  REQUIRE(all->size() >= last);
  for (std::uint64_t i = 1; i <= last; ++i)
    CHECK(all->at(i - 1) == sample(i));
}

} // namespace edgeless
