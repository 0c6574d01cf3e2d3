// SPDX-License-Identifier: MIT
#include "runtime/wire_loop.hpp"

#include <caf/all.hpp>
#include <caf/io/middleman.hpp>

#include <sys/epoll.h>

#include <cerrno>
#include <set>

namespace edgeless {

namespace {

/// How long doors stay unattended when no file descriptor is left.
constexpr auto doors_pause = std::chrono::milliseconds{100};
/// How many are let in before others have their turn.
constexpr int accepts_per_turn = 64;

bool out_of_descriptors(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS
         || error == ENOMEM;
}

} // namespace

void wire_loop::accept(std::uint16_t key) {
  for (auto i = 0; i < accepts_per_turn; ++i) {
    auto door = doors_.find(key);
    if (door == doors_.end() || doors_paused_)
      return;
    socket_address address;
    address.size = sizeof address.storage;
    socket_handle socket{::accept4(
      door->second.socket.get(), reinterpret_cast<sockaddr*>(&address.storage),
      &address.size, SOCK_NONBLOCK | SOCK_CLOEXEC)};
    if (socket) {
      admit(key, std::move(socket), address);
    } else if (out_of_descriptors(errno)) {
      journal_->refuse(refusal::crowded, "a connection");
      pause_doors();
    } else if (errno != EINTR && errno != ECONNABORTED) {
      return;
    }
  }
}

void wire_loop::admit(std::uint16_t key, socket_handle socket,
                      socket_address address) {
  ++settings_.statistics->accepted;
  if (callers_.size() >= settings_.max_unfinished)
    drop(callers_.begin()->first, refusal::crowded);
  unfinished x;
  if (!x.slot.take(book_, host_text(address))) {
    journal_->refuse(refusal::crowded, to_string(address));
    return;
  }
  prepare_stream(socket.get());
  auto& door = doors_.at(key);
  if (settings_.tls)
    x.tls = settings_.tls->accept(door.peers);
  else
    x.check
      = std::make_unique<frame_check>(rules(true, door.admission, nullptr));
  x.address = address;
  x.deadline = clock::now() + settings_.handshake;
  x.door = key;
  auto id = ++last_id_;
  if (!watch(socket.get(), id, EPOLLIN))
    return;
  x.socket = std::move(socket);
  callers_.emplace(id, std::move(x));
}

// A level-triggered door that cannot be served would wake us for ever.
void wire_loop::pause_doors() {
  doors_paused_ = clock::now() + doors_pause;
  for (auto& [key, door] : doors_)
    unwatch(door.socket.get());
}

void wire_loop::resume_doors() {
  doors_paused_.reset();
  for (auto& [key, door] : doors_)
    watch(door.socket.get(), key, EPOLLIN);
}

/// Who has dialled us has to show a certificate first; it says what he may
/// say.
void wire_loop::shake_hands(connection_id id) {
  using enum tls_session::progress;
  auto& x = callers_.at(id);
  auto result = x.tls->handshake(x.socket.get());
  if (result == failed)
    return drop(id, x.tls->verdict(), std::string{x.tls->problem()});
  watch_for(x, id, result);
  if (result != done)
    return;
  auto door = doors_.find(x.door);
  if (door == doors_.end())
    return drop(id, refusal::hung_up);
  x.check = std::make_unique<frame_check>(
    rules(true, door->second.by_role.at(x.tls->peer().role), x.tls.get()));
  hear(id);
}

void wire_loop::hear(connection_id id) {
  auto& x = callers_.at(id);
  if (!x.check)
    return shake_hands(id);
  byte_stream bytes{x.socket.get(), x.tls.get()};
  while (!x.check->greeted()) {
    auto n = bytes.read(x.check->room());
    if (n == 0)
      return;
    if (n < 0)
      return drop(id, refusal::hung_up);
    auto reason = x.check->added(static_cast<std::size_t>(n));
    if (reason != refusal::none)
      return drop(id, reason, x.tls ? to_string(x.tls->peer()) : "");
  }
  if (!is_itself(x))
    return drop(id, refusal::foreign_name, to_string(x.tls->peer()));
  let_in(id);
}

void wire_loop::drop(connection_id id, refusal reason, const std::string& why) {
  auto x = callers_.extract(id);
  journal_->refuse(reason, to_string(x.mapped().address), why);
}

void wire_loop::let_in(connection_id id) {
  auto x = callers_.extract(id);
  auto& caller = x.mapped();
  auto door = doors_.find(caller.door);
  if (door == doors_.end())
    return;
  auto scribe = make_guarded_scribe(system_, finish(caller));
  caf::anon_send(broker_, caf::publish_atom_v, std::move(scribe), caller.door,
                 door->second.door, std::set<std::string>{});
}

void wire_loop::close_door(std::uint16_t key) {
  auto door = doors_.extract(key);
  if (door.empty())
    return;
  std::erase_if(callers_,
                [key](auto& caller) { return caller.second.door == key; });
  // Else the broker would keep the actor for ever.
  caf::anon_send(broker_, caf::unpublish_atom_v,
                 door.mapped().door->get()->address(), key);
}

} // namespace edgeless
