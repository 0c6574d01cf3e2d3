// SPDX-License-Identifier: MIT
#include "runtime/net/basp/acceptor.hpp"

#include <caf/all.hpp>
#include <caf/io/middleman.hpp>

#include <sys/epoll.h>

#include <cassert>
#include <cerrno>
#include <set>

namespace edgeless {

namespace {

/// The pause of all listeners when no file descriptor is left.
constexpr auto pause_time = std::chrono::milliseconds{100};
/// Connections that are accepted before other events are handled.
constexpr int accepts_per_turn = 64;

bool out_of_descriptors(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS
         || error == ENOMEM;
}

} // namespace

basp_acceptor::~basp_acceptor() {
  while (!listeners_.empty())
    close(listeners_.begin()->first);
  assert(connections_.empty());
}

void basp_acceptor::open(std::uint16_t key, listen_order order) {
  assert(!listeners_.contains(key) && key < handshake_context::mailbox_id);
  auto& listener = listeners_.emplace(key, std::move(order)).first->second;
  if (!paused_until_)
    context_.watch(listener.socket, key, EPOLLIN);
}

void basp_acceptor::close(std::uint16_t key) {
  auto listener = listeners_.extract(key);
  if (listener.empty())
    return;
  std::erase_if(connections_, [key](auto& x) { return x.second.key == key; });
  // Otherwise the broker would keep the actor for ever.
  caf::anon_send(context_.broker, caf::unpublish_atom_v,
                 listener.mapped().acceptor->get()->address(), key);
}

void basp_acceptor::accept(std::uint16_t key) {
  for (auto i = 0; i < accepts_per_turn; ++i) {
    auto listener = listeners_.find(key);
    if (listener == listeners_.end() || paused_until_)
      return;
    socket_address address;
    address.size = sizeof address.storage;
    socket_handle socket{
      ::accept4(listener->second.socket.get(),
                reinterpret_cast<sockaddr*>(&address.storage), &address.size,
                SOCK_NONBLOCK | SOCK_CLOEXEC)};
    if (socket) {
      admit(key, std::move(socket), address);
    } else if (out_of_descriptors(errno)) {
      context_.journal->refuse(refusal::too_many_connections, "any",
                               "no file descriptor is left");
      pause();
    } else if (errno != EINTR && errno != ECONNABORTED) {
      return;
    }
  }
}

void basp_acceptor::admit(std::uint16_t key, socket_handle socket,
                          socket_address address) {
  auto& settings = context_.settings;
  ++settings.statistics->accepted;
  if (connections_.size() >= settings.max_unfinished)
    drop(connections_.begin()->first, refusal::too_many_connections);
  accepted_connection x;
  x.address = address;
  x.key = key;
  x.deadline = handshake_clock::now() + settings.handshake;
  if (!x.slot.take(context_.limiter, host_text(address)))
    return context_.refuse(x, refusal::too_many_connections);
  prepare_stream(socket.get());
  auto& listener = listeners_.at(key);
  if (settings.tls)
    x.tls = settings.tls->accept(listener.peers);
  else
    x.validator
      = std::make_unique<frame_validator>(rules(listener.message_acl, nullptr));
  auto id = context_.next_id();
  if (!context_.watch(socket, id, EPOLLIN))
    return;
  x.socket = std::move(socket);
  connections_.emplace(id, std::move(x));
}

// A readable socket that cannot be accepted from would wake the loop again and
// again.
void basp_acceptor::pause() {
  paused_until_ = handshake_clock::now() + pause_time;
  for (auto& [key, listener] : listeners_)
    context_.unwatch(listener.socket);
}

void basp_acceptor::resume() {
  paused_until_.reset();
  for (auto& [key, listener] : listeners_)
    context_.watch(listener.socket, key, EPOLLIN);
}

bool basp_acceptor::continue_handshake(event_id id) {
  auto i = connections_.find(id);
  if (i == connections_.end())
    return false;
  if (i->second.validator)
    read_handshake(id, i->second);
  else
    continue_tls(id, i->second);
  return true;
}

/// The role in the certificate determines the admitted messages.
void basp_acceptor::continue_tls(event_id id, accepted_connection& x) {
  auto result = context_.continue_tls(x, id);
  if (result == tls_session::progress::failed)
    return drop(id, x.tls->verdict(), x.tls->problem());
  if (result != tls_session::progress::done)
    return;
  auto& by_role = listeners_.at(x.key).by_role;
  x.validator = std::make_unique<frame_validator>(
    rules(by_role.at(x.tls->peer().role), x.tls.get()));
  read_handshake(id, x);
}

void basp_acceptor::read_handshake(event_id id, accepted_connection& x) {
  using enum handshake_context::progress;
  auto reason = refusal::none;
  switch (context_.read_handshake(x, reason)) {
  case incomplete:
    return;
  case closed:
    return drop(id, refusal::handshake_aborted);
  case refused:
    connections_.erase(id);
    return;
  case done:
    break;
  }
  auto key = x.key;
  auto scribe
    = context_.release(std::move(connections_.extract(id).mapped()), true, 0);
  caf::anon_send(context_.broker, caf::publish_atom_v, std::move(scribe), key,
                 listeners_.at(key).acceptor, std::set<std::string>{});
}

void basp_acceptor::drop(event_id id, refusal reason,
                         const std::string& detail) {
  context_.refuse(connections_.at(id), reason, detail);
  connections_.erase(id);
}

frame_rules basp_acceptor::rules(acl_table_ptr message_acl,
                                 const tls_session* tls) const {
  auto result = context_.rules(true, std::move(message_acl), tls);
  for (auto& [key, listener] : listeners_)
    result.acceptors.push_back(listener.acceptor->id());
  return result;
}

handshake_clock::time_point basp_acceptor::next_deadline() const {
  auto result = paused_until_.value_or(handshake_clock::time_point::max());
  for (auto& [id, x] : connections_)
    result = std::min(result, x.deadline);
  return result;
}

void basp_acceptor::expire(handshake_clock::time_point now) {
  for (auto i = connections_.begin(); i != connections_.end();) {
    auto id = i->first;
    auto expired = i->second.deadline <= now;
    ++i;
    if (expired)
      drop(id, refusal::silent);
  }
  if (paused_until_ && *paused_until_ <= now)
    resume();
}

} // namespace edgeless
