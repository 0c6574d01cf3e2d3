// SPDX-License-Identifier: MIT
#include "runtime/net/handshake_loop.hpp"

#include <caf/all.hpp>
#include <caf/io/middleman.hpp>

#include <sys/epoll.h>

#include <cerrno>
#include <set>

namespace edgeless {

namespace {

/// The pause of all acceptors when no file descriptor is left.
constexpr auto acceptors_pause = std::chrono::milliseconds{100};
/// Connections that are accepted before other events are handled.
constexpr int accepts_per_turn = 64;

bool out_of_descriptors(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS
         || error == ENOMEM;
}

} // namespace

void handshake_loop::accept(std::uint16_t key) {
  for (auto i = 0; i < accepts_per_turn; ++i) {
    auto acceptor = acceptors_.find(key);
    if (acceptor == acceptors_.end() || acceptors_paused_until_)
      return;
    socket_address address;
    address.size = sizeof address.storage;
    socket_handle socket{
      ::accept4(acceptor->second.socket.get(),
                reinterpret_cast<sockaddr*>(&address.storage), &address.size,
                SOCK_NONBLOCK | SOCK_CLOEXEC)};
    if (socket) {
      admit(key, std::move(socket), address);
    } else if (out_of_descriptors(errno)) {
      journal_->refuse(refusal::too_many_connections, "a connection");
      pause_acceptors();
    } else if (errno != EINTR && errno != ECONNABORTED) {
      return;
    }
  }
}

void handshake_loop::admit(std::uint16_t key, socket_handle socket,
                           socket_address address) {
  ++settings_.statistics->accepted;
  if (accepted_.size() >= settings_.max_unfinished)
    drop(accepted_.begin()->first, refusal::too_many_connections);
  pending_connection x;
  if (!x.slot.take(limiter_, host_text(address))) {
    journal_->refuse(refusal::too_many_connections, to_string(address));
    return;
  }
  prepare_stream(socket.get());
  auto& acceptor = acceptors_.at(key);
  if (settings_.tls)
    x.tls = settings_.tls->accept(acceptor.peers);
  else
    x.validator = std::make_unique<frame_validator>(
      rules(true, acceptor.message_acl, nullptr));
  x.address = address;
  x.deadline = clock::now() + settings_.handshake;
  x.acceptor = key;
  auto id = ++last_id_;
  if (!watch(socket.get(), id, EPOLLIN))
    return;
  x.socket = std::move(socket);
  accepted_.emplace(id, std::move(x));
}

// A readable socket that cannot be accepted from would wake the loop again and
// again.
void handshake_loop::pause_acceptors() {
  acceptors_paused_until_ = clock::now() + acceptors_pause;
  for (auto& [key, acceptor] : acceptors_)
    unwatch(acceptor.socket.get());
}

void handshake_loop::resume_acceptors() {
  acceptors_paused_until_.reset();
  for (auto& [key, acceptor] : acceptors_)
    watch(acceptor.socket.get(), key, EPOLLIN);
}

/// The role in the certificate determines the admitted messages.
void handshake_loop::continue_tls_handshake(connection_id id) {
  using enum tls_session::progress;
  auto& x = accepted_.at(id);
  auto result = x.tls->handshake(x.socket.get());
  if (result == failed)
    return drop(id, x.tls->verdict(), std::string{x.tls->problem()});
  watch_for(x, id, result);
  if (result != done)
    return;
  auto acceptor = acceptors_.find(x.acceptor);
  if (acceptor == acceptors_.end())
    return drop(id, refusal::handshake_aborted);
  x.validator = std::make_unique<frame_validator>(
    rules(true, acceptor->second.by_role.at(x.tls->peer().role), x.tls.get()));
  read_client_handshake(id);
}

void handshake_loop::read_client_handshake(connection_id id) {
  auto& x = accepted_.at(id);
  if (!x.validator)
    return continue_tls_handshake(id);
  byte_stream bytes{x.socket.get(), x.tls.get()};
  while (!x.validator->has_handshake()) {
    auto n = bytes.read(x.validator->free_space());
    if (n == 0)
      return;
    if (n < 0)
      return drop(id, refusal::handshake_aborted);
    auto reason = x.validator->commit(static_cast<std::size_t>(n));
    if (reason != refusal::none)
      return drop(id, reason, x.tls ? to_string(x.tls->peer()) : "");
  }
  if (!register_identity(x))
    return drop(id, refusal::identity_mismatch, to_string(x.tls->peer()));
  publish_connection(id);
}

void handshake_loop::drop(connection_id id, refusal reason,
                          const std::string& why) {
  auto x = accepted_.extract(id);
  journal_->refuse(reason, to_string(x.mapped().address), why);
}

void handshake_loop::publish_connection(connection_id id) {
  auto x = accepted_.extract(id);
  auto& connection = x.mapped();
  auto acceptor = acceptors_.find(connection.acceptor);
  if (acceptor == acceptors_.end())
    return;
  auto scribe = make_basp_connection(system_, finish(connection));
  caf::anon_send(broker_, caf::publish_atom_v, std::move(scribe),
                 connection.acceptor, acceptor->second.acceptor,
                 std::set<std::string>{});
}

void handshake_loop::close_acceptor(std::uint16_t key) {
  auto acceptor = acceptors_.extract(key);
  if (acceptor.empty())
    return;
  std::erase_if(accepted_, [key](auto& connection) {
    return connection.second.acceptor == key;
  });
  // Otherwise the broker would keep the actor for ever.
  caf::anon_send(broker_, caf::unpublish_atom_v,
                 acceptor.mapped().acceptor->get()->address(), key);
}

} // namespace edgeless
