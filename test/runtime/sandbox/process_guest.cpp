// SPDX-License-Identifier: MIT
#include "test/fixtures/wasm_fixture.hpp"

#include "runtime/sandbox/shared_ring.hpp"

#include "messages/limits.hpp"

#include <dirent.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <thread>

using namespace edgeless;
using namespace std::chrono_literals;
using edgeless::test::lines;

namespace {

using instance
  = edgeless::test::guest_instance<edgeless::test::process_isolation>;

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

/// Waits until all processes of earlier guests have been reaped.
bool all_reaped() {
  for (int i = 0; i < 3000 && counts().processes > 0; ++i)
    std::this_thread::sleep_for(10ms);
  return counts().processes == 0 && guest_processes().empty();
}

/// A guest whose process is test/fixtures/fake_guest.cpp with this behaviour.
struct fake_sandbox {
  explicit fake_sandbox(const std::string& behaviour) {
    engine_settings settings;
    settings.guest_program = test::fake_guest();
    engine = make_wasm_engine(settings);
    auto code = test::load(engine->sandboxed(), test::read_module("minimal"));
    auto made = code->instantiate(host, {.deadline = 2s});
    REQUIRE(made);
    running = std::move(*made);
    host.inbox.push_back({hook::init, host.id, behaviour, {}});
  }

  progress run() {
    for (;;) {
      auto result = test::run(*running);
      if (result != progress::working)
        return result;
      REQUIRE(host.wait());
    }
  }

  std::unique_ptr<guest_engine> engine;
  test::scripted_host host;
  std::unique_ptr<guest> running;
};

} // namespace

TEST_CASE("process guest: run() returns at once while the process computes") {
  instance x{"echo", {.deadline = 60s}};
  CHECK(x.handle(hook::cast, "a") == progress::idle);
  x.send(hook::cast, "loop");

  CHECK(test::run(*x.guest) == progress::working);
  CHECK(test::run(*x.guest) == progress::working);
}

TEST_CASE("process guest: an event beyond its deadline ends the process") {
  REQUIRE(all_reaped());
  auto before = counts().sandboxes_timed_out.load();
  instance x{"echo", {.deadline = 100ms}}, other;
  CHECK(x.handle(hook::cast, "loop") == progress::dead);
  CHECK(x.guest->fault() == "an event took more than 100 ms");
  CHECK(counts().sandboxes_timed_out == before + 1);

  CHECK(other.handle(hook::cast, "a") == progress::idle);
  CHECK(other.host.journal == lines{"out: a"});
}

TEST_CASE(
  "process guest: waiting for an answer does not count as running time") {
  instance x{"echo", {.deadline = 100ms}};
  CHECK(x.handle(hook::cast, "call a") == progress::waiting);
  std::this_thread::sleep_for(200ms);
  x.guest->answer({event_kind::reply, "b"});
  CHECK(x.run() == progress::idle);
  CHECK(x.host.journal.back() == "reply: b");
}

TEST_CASE("process guest: a killed process kills its guest and no other") {
  REQUIRE(all_reaped());
  instance x;
  CHECK(x.handle(hook::cast, "a") == progress::idle);
  auto processes = guest_processes();
  REQUIRE(processes.size() == 1);
  instance other;
  CHECK(other.handle(hook::cast, "a") == progress::idle);
  auto lost = counts().sandboxes_lost.load();

  kill(processes[0], SIGKILL);

  // It may also have been woken for a frame that it has already received.
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

TEST_CASE(
  "process guest: its process has no capabilities, groups or privileges "
  "to gain, and no namespace of the node") {
  REQUIRE(all_reaped());
  instance x;
  CHECK(x.handle(hook::cast, "a") == progress::idle);
  auto processes = guest_processes();
  REQUIRE(processes.size() == 1);
  auto folder = "/proc/" + std::to_string(processes[0]);
  auto status = text_of(folder + "/status");
  for (auto set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"})
    CHECK(status.find(std::string{set} + ":\t0000000000000000\n")
          != std::string::npos);
  CHECK(status.find("NoNewPrivs:\t1\n") != std::string::npos);
  if (geteuid() != 0)
    return; // what else is permitted depends on the system
  CHECK(status.find("Groups:\t \n") != std::string::npos);
  for (auto kind : {"net", "mnt", "uts", "ipc", "cgroup"}) {
    auto own = std::filesystem::path{"/proc/self/ns"} / kind;
    CHECK(std::filesystem::read_symlink(own)
          != std::filesystem::read_symlink(folder + "/ns/" + kind));
  }
}

TEST_CASE(
  "process guest: a process that is killed during an event is noticed") {
  REQUIRE(all_reaped());
  instance x{"echo", {.deadline = 60s}};
  CHECK(x.handle(hook::cast, "a") == progress::idle);
  x.send(hook::cast, "loop");
  CHECK(test::run(*x.guest) == progress::working);
  kill(guest_processes().at(0), SIGKILL);

  CHECK(x.run() == progress::dead);
  CHECK(x.guest->fault() == "its process was killed by signal 9");
}

TEST_CASE("process guest: destroying the guest in any state ends its process "
          "without a zombie") {
  { instance never_run; }
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
    instance idle;
    CHECK(idle.handle(hook::cast, "a") == progress::idle);
  }
  CHECK(all_reaped());
}

TEST_CASE("process guest: ten processes run at the same time") {
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

TEST_CASE(
  "process guest: a cast without room is repeated until there is some") {
  struct full_host : test::scripted_host {
    bool room = false;
    using scripted_host::cast;
    bool cast(std::string_view channel,
              std::string_view payload) noexcept override {
      return room && scripted_host::cast(channel, payload);
    }
  } host;
  auto made
    = test::load(test::process_isolation::engine(), test::read_module("echo"))
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

TEST_CASE(
  "process guest: the time of an event is the CPU time of its process") {
  instance x;
  x.handle(hook::init);
  x.handle(hook::cast, "a");
  REQUIRE(x.host.cpu_times.size() == 2);
  CHECK(x.host.cpu_times[1] > 0ns);
  CHECK(x.host.cpu_times[1] < 1s);
}

TEST_CASE("process guest: its memory counts towards the engine's total") {
  REQUIRE(all_reaped());
  auto before = test::shared_engine().memory();
  instance x{"echo", {.memory = 64u << 20}};
  x.handle(hook::cast, "bomb");
  CHECK(test::shared_engine().memory() > before + (60u << 20));
  x.guest.reset();
  CHECK(test::shared_engine().memory() == before);
}

TEST_CASE("process guest: isolation = process runs all guests in processes") {
  engine_settings settings;
  settings.where = isolation::process;
  auto engine = make_wasm_engine(settings);
  test::scripted_host host;
  auto made
    = test::load(*engine, test::read_module("minimal"))->instantiate(host, {});
  REQUIRE(made);
  CHECK(engine->counts()->processes == 1);
}

TEST_CASE("process guest: shared and sandboxed engines do not find each "
          "other's classes") {
  auto engine = make_wasm_engine({});
  auto module = test::read_module("minimal");
  test::load(*engine, module);
  CHECK(!engine->sandboxed().find(sha256(module)));
}

TEST_CASE("process guest: a program that cannot be started kills the guest") {
  engine_settings settings;
  settings.guest_program = "/no/such/program";
  auto engine = make_wasm_engine(settings);
  test::scripted_host host;
  auto made = test::load(engine->sandboxed(), test::read_module("minimal"))
                ->instantiate(host, {});
  REQUIRE(made);
  while (test::run(**made) == progress::working)
    REQUIRE(host.wait());
  CHECK((*made)->fault()
        == "its process cannot be started: No such file or directory");
}

// -- processes of hostile guests ----------------------------------------------

TEST_CASE("process guest: accepts a process that keeps to the protocol") {
  fake_sandbox x{"correct"};
  CHECK(x.run() == progress::idle);
  CHECK(x.host.journal == lines{"out: sent"});
}

TEST_CASE("process guest: a late wakeup does not consume the next one") {
  fake_sandbox x{"late wakeup"};
  CHECK(x.run() == progress::idle);
  for (int i = 0; i < 200; ++i) {
    x.host.inbox.push_back({hook::cast, x.host.id, "late wakeup", {}});
    REQUIRE(x.run() == progress::idle);
  }
}

TEST_CASE(
  "process guest: a protocol violation kills the process and is counted") {
  for (auto behaviour :
       {"garbage", "huge", "far head", "far tail", "bad channel",
        "unexpected answer", "bad level", "no such kind", "frame of the node",
        "endless wakeups"}) {
    fake_sandbox x{behaviour};
    INFO(std::string{behaviour});
    // Frames of an idle process are read with its next event; its ring position
    // matters only when the ring is full.
    if (x.run() == progress::idle)
      x.host.inbox.push_back(
        {hook::cast, x.host.id, std::string(shared_ring::size, 'x'), {}});
    CHECK(x.run() == progress::dead);
    CHECK(x.running->fault()
          == "its process violated the sandbox protocol and was killed");
    CHECK(x.engine->counts()->sandbox_protocol_violations == 1);
  }
}

TEST_CASE(
  "process guest: a process that exits silently is dead, with its exit code") {
  fake_sandbox x{"exit"};
  CHECK(x.run() == progress::dead);
  CHECK(x.running->fault() == "its process ended with code 7");
}

TEST_CASE(
  "process guest: half a frame is no frame and runs into the deadline") {
  fake_sandbox x{"half"};
  CHECK(x.run() == progress::dead);
  CHECK(x.running->fault() == "an event took more than 2000 ms");
}

TEST_CASE(
  "process guest: the memory that a process claims is capped at its limit") {
  fake_sandbox x{"huge memory"};
  CHECK(x.run() == progress::idle);
  CHECK(x.engine->memory() == guest_limits{}.memory);
}
