// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/caf_system.hpp"
#include "runtime/guarded_wire.hpp"

#include "messages/interfaces.hpp"

#include <caf/all.hpp>
#include <caf/io/middleman.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace edgeless {

using namespace std::chrono_literals;

/// Longer than anything that is going to happen takes.
inline constexpr auto ages = 20s;

/// Whether something comes true before ages have passed.
template <class Condition>
bool eventually(Condition condition) {
  auto end = std::chrono::steady_clock::now() + ages;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end)
      return false;
    std::this_thread::yield();
  }
  return true;
}

/// How a dial went.
struct dial_result {
  std::string url;
  caf::strong_actor_ptr handle;
  std::string reason;
};

/// A program of ours, in short: an actor system and its wire.
class program {
public:
  explicit program(wire_settings settings = quick()) : system_(config_) {
    harden(system_);
    statistics = std::make_shared<wire_statistics>();
    settings.statistics = statistics;
    if (!settings.log)
      settings.log = [](const std::string&) {
      };
    net = make_guarded_wire(system_, std::move(settings));
  }

  ~program() {
    doors.clear();
    net.reset();
    for (auto& x : actors_)
      caf::anon_send_exit(x, caf::exit_reason::kill);
  }

  static wire_settings quick() {
    wire_settings result;
    result.handshake = 200ms;
    result.dial = 400ms;
    return result;
  }

  caf::actor_system& system() {
    return system_;
  }

  /// Spawns an actor that dies with the program.
  template <class F>
  auto spawn(F behavior) {
    auto result = system_.spawn(behavior);
    actors_.push_back(caf::actor_cast<caf::strong_actor_ptr>(result));
    return result;
  }

  /// Listens on a port of 127.0.0.1; returns its URL.
  template <class Handle>
  std::string open(const Handle& door, peer_role self,
                   std::vector<peer_role> peers, std::uint16_t port = 0) {
    auto opened
      = net->listen({"http", "127.0.0.1", port},
                    caf::actor_cast<caf::strong_actor_ptr>(door), self, peers);
    if (!opened)
      return explain(opened.error());
    doors.push_back(std::move(*opened));
    return "http://127.0.0.1:" + std::to_string(doors.back()->port());
  }

  dial_result dial(const std::string& url, peer_role self, peer_role peer,
                   const std::string& name = {}) {
    caf::scoped_actor waiting{system_};
    net->dial(url, self, peer, name,
              caf::actor_cast<caf::strong_actor_ptr>(waiting));
    dial_result result;
    waiting->receive(
      [&](atom::dialled, std::string& text, caf::strong_actor_ptr& handle,
          std::string& reason) {
        result = {std::move(text), std::move(handle), std::move(reason)};
      },
      caf::after(ages) >> [&] { result.reason = "never told"; });
    return result;
  }

  template <class Handle>
  Handle reach(const std::string& url, peer_role self, peer_role peer) {
    return caf::actor_cast<Handle>(dial(url, self, peer).handle);
  }

  std::shared_ptr<wire_statistics> statistics;
  std::unique_ptr<wire> net;
  std::vector<std::unique_ptr<listener>> doors;

private:
  system_config config_;
  caf::actor_system system_;
  std::vector<caf::strong_actor_ptr> actors_;
};

/// A library with one module, and one that it has nothing but an error for.
inline library_actor::behavior_type library(library_actor::pointer) {
  return {
    [](atom::fetch, const code_id& code,
       std::uint64_t offset) -> caf::result<code_part> {
      if (code != "known")
        return fail(ec::unknown_code, "no module " + code);
      return code_part{code, 100, offset, std::string(10, 'x')};
    },
  };
}

/// A gate that counts parcels.
inline caf::behavior gate(caf::event_based_actor*) {
  return {
    [sum = std::uint64_t{0}](atom::deliver, std::uint64_t,
                             const batch& x) mutable {
      sum += x.parcels.size();
      return sum;
    },
  };
}

/// What a fetch answers: the bytes, or why not.
inline std::string fetch(program& from, const library_actor& whom,
                         const code_id& code) {
  caf::scoped_actor self{from.system()};
  std::string result;
  self->request(whom, ages, atom::fetch_v, code, std::uint64_t{0})
    .receive([&](code_part& x) { result = x.bytes; },
             [&](const caf::error& error) {
               result = to_string(static_cast<ec>(error.code())) + ": "
                        + explain(error);
             });
  return result;
}

} // namespace edgeless
