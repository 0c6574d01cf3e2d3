// SPDX-License-Identifier: MIT
#pragma once

#include "test/runtime/given.hpp"

#include "runtime/guest.hpp"
#include "runtime/sha256.hpp"
#include "runtime/wasm_engine.hpp"

#include "messages/errors.hpp"

#include <doctest/doctest.h>

#include <condition_variable>
#include <deque>
#include <fstream>
#include <iterator>
#include <mutex>
#include <string>
#include <vector>

namespace edgeless::test {

using lines = std::vector<std::string>;

inline std::string read_module(const std::string& name) {
  std::ifstream in{guests_folder() / (name + ".wasm"), std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// One engine for all tests that do not look at engines themselves.
inline guest_engine& shared_engine() {
  static auto engine = make_wasm_engine({});
  return *engine;
}

inline guest_class_ptr load(guest_engine& engine, const std::string& module) {
  auto code = sha256(module);
  if (auto known = engine.find(code))
    return known;
  auto made = engine.compile(code, module);
  REQUIRE_MESSAGE(made, explain(made.error()));
  return *made;
}

/// Hands out what is in its inbox and writes down what the guest asks.
struct scripted_host : guest_host {
  std::deque<guest_event> inbox;
  guest_event current;
  std::size_t handed_out = 0;
  lines journal;
  std::vector<call_result> results;
  /// What a call gets at once; nothing: it has to wait.
  std::optional<caf::expected<call_result>> at_once;
  caf::error refusal;
  std::size_t left_to_cast = 0;
  /// So many casts to channels find none.
  std::size_t without_room = 0;
  instance_id id{node_id{0x0102030405060708, 0x090A0B0C0D0E0F10},
                 physical_id{0x1112131415161718, 0x191A1B1C1D1E1F20}};

  const guest_event* next() noexcept override {
    if (inbox.empty())
      return nullptr;
    current = std::move(inbox.front());
    inbox.pop_front();
    ++handed_out;
    return &current;
  }

  void done(call_result result) noexcept override {
    results.push_back(std::move(result));
  }

  bool cast(std::string_view channel,
            std::string_view payload) noexcept override {
    if (without_room > 0) {
      --without_room;
      return false;
    }
    if (channel == "self" && left_to_cast > 0) {
      if (--left_to_cast > 0)
        inbox.push_back({hook::cast, id, std::string{payload}, {}});
    } else {
      journal.push_back(std::string{channel} + ": " + std::string{payload});
    }
    return true;
  }

  void cast(const instance_id& target,
            std::string_view payload) noexcept override {
    journal.push_back(to_string(target.instance) + ": " + std::string{payload});
  }

  std::optional<caf::expected<call_result>>
  call(std::string_view channel, std::string_view payload) noexcept override {
    journal.push_back("call " + std::string{channel} + ": "
                      + std::string{payload});
    return at_once;
  }

  std::optional<caf::expected<call_result>>
  call(const instance_id& target, std::string_view payload) noexcept override {
    return call(to_string(target.instance), payload);
  }

  caf::error delayed_cast(std::chrono::milliseconds delay,
                          std::string_view channel,
                          std::string_view payload) noexcept override {
    journal.push_back("in " + std::to_string(delay.count()) + " "
                      + std::string{channel} + ": " + std::string{payload});
    return refusal;
  }

  void log(std::uint32_t level, std::string_view target,
           std::string_view text) noexcept override {
    journal.push_back("log " + std::to_string(level) + " " + std::string{target}
                      + ": " + std::string{text});
  }

  instance_id self() const noexcept override {
    return id;
  }

  caf::error sync(std::string_view state) noexcept override {
    journal.push_back("sync: " + std::string{state});
    return refusal;
  }

  void spent(std::chrono::nanoseconds time) noexcept override {
    told_times.push_back(time);
  }

  void wake() noexcept override {
    std::lock_guard guard{mutex};
    woken = true;
    changed.notify_all();
  }

  /// False: nobody wakes it.
  bool wait() {
    std::unique_lock lock{mutex};
    auto result = changed.wait_for(lock, std::chrono::seconds{30},
                                   [this] { return woken; });
    woken = false;
    return result;
  }

  std::vector<std::chrono::nanoseconds> told_times;
  std::mutex mutex; // protects what follows
  std::condition_variable changed;
  bool woken = false;
};

/// Goes on as long as it is only preempted.
inline progress run(guest& x) {
  progress result;
  do
    result = x.run();
  while (result == progress::preempted);
  return result;
}

/// The two doors to functions: what holds for one holds for the other.
struct shared_door {
  static constexpr std::size_t many = 1'000'000;

  static guest_engine& engine() {
    return shared_engine();
  }
};

struct process_door {
  static constexpr std::size_t many = 10'000;

  static guest_engine& engine() {
    return shared_engine().apart();
  }
};

/// An instance of a test guest with its host.
template <class Door>
struct instance_behind {
  explicit instance_behind(const std::string& name = "echo",
                           const guest_limits& limits = {}) {
    auto made
      = load(Door::engine(), read_module(name))->instantiate(host, limits);
    REQUIRE_MESSAGE(made, explain(made.error()));
    guest = std::move(*made);
  }

  void send(hook kind, std::string payload = {}, std::string state = {}) {
    host.inbox.push_back({kind, host.id, std::move(payload), std::move(state)});
  }

  /// Goes on until it has to wait for others.
  progress run() {
    for (;;) {
      auto result = test::run(*guest);
      if (result != progress::working)
        return result;
      REQUIRE(host.wait());
    }
  }

  progress handle(hook kind, std::string payload = {}, std::string state = {}) {
    send(kind, std::move(payload), std::move(state));
    return run();
  }

  scripted_host host; // outlives the guest
  std::unique_ptr<edgeless::guest> guest;
};

using instance = instance_behind<shared_door>;

} // namespace edgeless::test
