// SPDX-License-Identifier: MIT
#include "test/fixtures/wasm_fixture.hpp"

#include "runtime/sandbox/shared_ring.hpp"

#include "messages/limits.hpp"

#include <dirent.h>

#include <csignal>
#include <filesystem>
#include <thread>

using namespace edgeless;
using namespace std::chrono_literals;
using edgeless::test::lines;

namespace {

using instance = edgeless::test::instance_behind<edgeless::test::process_door>;

const engine_counts& counts() {
  return *test::shared_engine().counts();
}

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in{file};
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// The children of this process that run guests.
std::vector<int> guest_processes() {
  std::vector<int> result;
  for (auto& entry : std::filesystem::directory_iterator{"/proc/self/task"}) {
    std::istringstream children{text_of(entry.path() / "children")};
    for (int pid; children >> pid;)
      if (text_of("/proc/" + std::to_string(pid) + "/cmdline")
            .starts_with("guest"))
        result.push_back(pid);
  }
  return result;
}

/// Until all processes of earlier guests are gone: no zombie is left.
bool all_gone() {
  for (int i = 0; i < 3000 && counts().processes > 0; ++i)
    std::this_thread::sleep_for(10ms);
  return counts().processes == 0 && guest_processes().empty();
}

/// A guest whose process is what a test makes of it: see test/fake_guest.cpp.
struct fake {
  explicit fake(const std::string& how) {
    engine_settings settings;
    settings.guest_program = test::fake_guest();
    engine = make_wasm_engine(settings);
    auto code = test::load(engine->apart(), test::read_module("minimal"));
    auto made = code->instantiate(host, {.deadline = 2s});
    REQUIRE(made);
    body = std::move(*made);
    host.inbox.push_back({hook::init, host.id, how, {}});
  }

  progress run() {
    for (;;) {
      auto result = test::run(*body);
      if (result != progress::working)
        return result;
      REQUIRE(host.wait());
    }
  }

  std::unique_ptr<guest_engine> engine;
  test::scripted_host host;
  std::unique_ptr<guest> body;
};

} // namespace

TEST_CASE("a guest that has to itself what it does keeps no thread waiting") {
  instance x{"echo", {.deadline = 60s}};
  CHECK(x.handle(hook::cast, "a") == progress::idle);
  x.send(hook::cast, "loop");

  CHECK(test::run(*x.guest) == progress::working);
  CHECK(test::run(*x.guest) == progress::working);
}

TEST_CASE("an event beyond its deadline is the end of its process") {
  REQUIRE(all_gone());
  auto before = counts().sandboxes_timed_out.load();
  instance x{"echo", {.deadline = 100ms}}, other;
  CHECK(x.handle(hook::cast, "loop") == progress::dead);
  CHECK(x.guest->fault() == "an event took more than 100 ms");
  CHECK(counts().sandboxes_timed_out == before + 1);

  CHECK(other.handle(hook::cast, "a") == progress::idle);
  CHECK(other.host.journal == lines{"out: a"});
}

TEST_CASE("what a guest waits for an answer is no running time") {
  instance x{"echo", {.deadline = 100ms}};
  CHECK(x.handle(hook::cast, "call a") == progress::waiting);
  std::this_thread::sleep_for(200ms);
  x.guest->answer({event_kind::reply, "b"});
  CHECK(x.run() == progress::idle);
  CHECK(x.host.journal.back() == "reply: b");
}

TEST_CASE("a process that is killed takes its guest along, and nobody else") {
  REQUIRE(all_gone());
  instance x;
  CHECK(x.handle(hook::cast, "a") == progress::idle);
  auto processes = guest_processes();
  REQUIRE(processes.size() == 1);
  instance other;
  CHECK(other.handle(hook::cast, "a") == progress::idle);
  auto lost = counts().sandboxes_lost.load();

  kill(processes[0], SIGKILL);

  // It may also have been woken for what it has long heard.
  auto where = progress::idle;
  while (where == progress::idle) {
    REQUIRE(x.host.wait());
    where = x.run();
  }
  CHECK(where == progress::dead);
  CHECK(x.guest->fault() == "its process was killed by signal 9");
  CHECK(counts().sandboxes_lost == lost + 1);
  CHECK(other.handle(hook::cast, "b") == progress::idle);
}

TEST_CASE("a process that is killed in the middle of an event is noticed") {
  REQUIRE(all_gone());
  instance x{"echo", {.deadline = 60s}};
  CHECK(x.handle(hook::cast, "a") == progress::idle);
  x.send(hook::cast, "loop");
  CHECK(test::run(*x.guest) == progress::working);
  kill(guest_processes().at(0), SIGKILL);

  CHECK(x.run() == progress::dead);
  CHECK(x.guest->fault() == "its process was killed by signal 9");
}

TEST_CASE("dropping a guest at any point ends its process, without a zombie") {
  { instance unborn; }
  {
    instance looping;
    looping.send(hook::cast, "loop");
    test::run(*looping.guest);
  }
  {
    instance waiting;
    CHECK(waiting.handle(hook::cast, "call a") == progress::waiting);
  }
  {
    instance resting;
    CHECK(resting.handle(hook::cast, "a") == progress::idle);
  }
  CHECK(all_gone());
}

TEST_CASE("ten processes work at the same time") {
  std::vector<std::unique_ptr<instance>> all;
  for (int i = 0; i < 10; ++i)
    all.push_back(std::make_unique<instance>());
  for (auto& x : all)
    x->send(hook::cast, "b");
  for (auto& x : all) {
    CHECK(x->run() == progress::idle);
    CHECK(x->host.journal == lines{"out: b"});
  }
}

TEST_CASE("a cast without room is repeated until there is some") {
  struct narrow_host : test::scripted_host {
    bool room = false;
    using scripted_host::cast;
    bool cast(std::string_view channel,
              std::string_view payload) noexcept override {
      return room && scripted_host::cast(channel, payload);
    }
  } host;
  auto made
    = test::load(test::process_door::engine(), test::read_module("echo"))
        ->instantiate(host, {});
  REQUIRE(made);
  host.inbox.push_back({hook::cast, host.id, "a", {}});
  auto where = progress::working;
  while ((where = test::run(**made)) == progress::working)
    REQUIRE(host.wait());
  CHECK(where == progress::blocked);
  CHECK((*made)->run() == progress::blocked);

  host.room = true;
  while ((where = test::run(**made)) == progress::working)
    REQUIRE(host.wait());
  CHECK(where == progress::idle);
  CHECK(host.journal == lines{"out: a"});
}

TEST_CASE("the time an event took is what its process needed for it") {
  instance x;
  x.handle(hook::init);
  x.handle(hook::cast, "a");
  REQUIRE(x.host.told_times.size() == 2);
  CHECK(x.host.told_times[1] > 0ns);
  CHECK(x.host.told_times[1] < 1s);
}

TEST_CASE("the memory of guests counts, wherever they are") {
  REQUIRE(all_gone());
  auto before = test::shared_engine().memory();
  instance x{"echo", {.memory = 64u << 20}};
  x.handle(hook::cast, "bomb");
  CHECK(test::shared_engine().memory() > before + (60u << 20));
  x.guest.reset();
  CHECK(test::shared_engine().memory() == before);
}

TEST_CASE("a node with processes for all runs them although nobody asks") {
  engine_settings settings;
  settings.where = isolation::process;
  auto engine = make_wasm_engine(settings);
  test::scripted_host host;
  auto made
    = test::load(*engine, test::read_module("minimal"))->instantiate(host, {});
  REQUIRE(made);
  CHECK(engine->counts()->processes == 1);
}

TEST_CASE("what one door has compiled, the other does not find") {
  auto engine = make_wasm_engine({});
  auto module = test::read_module("minimal");
  test::load(*engine, module);
  CHECK(!engine->apart().find(sha256(module)));
}

TEST_CASE("a program that cannot be started is the end of the guest") {
  engine_settings settings;
  settings.guest_program = "/nobody/serves";
  auto engine = make_wasm_engine(settings);
  test::scripted_host host;
  auto made = test::load(engine->apart(), test::read_module("minimal"))
                ->instantiate(host, {});
  REQUIRE(made);
  while (test::run(**made) == progress::working)
    REQUIRE(host.wait());
  CHECK((*made)->fault()
        == "its process cannot be started: No such file or directory");
}

// -- a guest that broke out of the engine
// ---------------------------------------

TEST_CASE("a process that plays by the rules is believed") {
  fake x{"honest"};
  CHECK(x.run() == progress::idle);
  CHECK(x.host.journal == lines{"out: said"});
}

TEST_CASE("a ring that comes late takes no later one along") {
  fake x{"ring late"};
  CHECK(x.run() == progress::idle);
  for (int i = 0; i < 200; ++i) {
    x.host.inbox.push_back({hook::cast, x.host.id, "ring late", {}});
    REQUIRE(x.run() == progress::idle);
  }
}

TEST_CASE("a process that breaks the rules is killed, and counted") {
  for (auto how : {"garbage", "huge", "far head", "far tail", "bad channel",
                   "answer nobody wants", "bad level", "no such kind",
                   "speaks the node's part", "ring"}) {
    fake x{how};
    INFO(std::string{how});
    // Who is at rest is not listened to until there is something for it, and
    // what it has read matters to those who need its room.
    if (x.run() == progress::idle)
      x.host.inbox.push_back(
        {hook::cast, x.host.id, std::string(shared_ring::size, 'x'), {}});
    CHECK(x.run() == progress::dead);
    CHECK(x.body->fault()
          == "its process said what no guest says, and was killed");
    CHECK(x.engine->counts()->sandbox_protocol_violations == 1);
  }
}

TEST_CASE("a process that ends without a word is dead") {
  fake x{"leave"};
  CHECK(x.run() == progress::dead);
  CHECK(x.body->fault() == "its process ended with code 7");
}

TEST_CASE("half a frame is no frame: its deadline comes") {
  fake x{"half"};
  CHECK(x.run() == progress::dead);
  CHECK(x.body->fault() == "an event took more than 2000 ms");
}

TEST_CASE("a process that says it has all memory has what it may have") {
  fake x{"boast"};
  CHECK(x.run() == progress::idle);
  CHECK(x.engine->memory() == guest_limits{}.memory);
}
