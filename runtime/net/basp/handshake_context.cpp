// SPDX-License-Identifier: MIT
#include "runtime/net/basp/handshake_context.hpp"

#include <caf/all.hpp>
#include <caf/io/basp_broker.hpp>
#include <caf/io/middleman.hpp>

#include <sys/epoll.h>

#include <cassert>

namespace edgeless {

handshake_context::handshake_context(caf::actor_system& system,
                                     transport_settings the_settings)
  : system(system), settings(std::move(the_settings)),
    journal(
      std::make_shared<connection_journal>(settings.statistics, settings.log)),
    limiter(std::make_shared<connection_limiter>(
      settings.max_connections, settings.max_per_address, settings.statistics)),
    mailbox(std::make_shared<loop_mailbox>()),
    broker(
      system.middleman().named_broker<caf::io::basp_broker>(caf::atom("BASP"))),
    own_node_(wire_bytes(system.node())),
    identities_(std::make_shared<peer_identities>()),
    epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = mailbox_id;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, mailbox->fd(), &event);
}

bool handshake_context::watch(const socket_handle& socket, event_id id,
                              std::uint32_t events) {
  assert(socket && id != mailbox_id);
  epoll_event event{};
  event.events = events;
  event.data.u64 = id;
  return ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, socket.get(), &event) == 0;
}

void handshake_context::unwatch(const socket_handle& socket) {
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, socket.get(), nullptr);
}

tls_session::progress handshake_context::continue_tls(pending_connection& x,
                                                      event_id id) {
  assert(x.tls && !x.validator);
  auto result = x.tls->handshake(x.socket.get());
  epoll_event event{};
  event.events
    = result == tls_session::progress::wants_write ? EPOLLOUT : EPOLLIN;
  event.data.u64 = id;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, x.socket.get(), &event);
  return result;
}

std::size_t handshake_context::wait(std::span<epoll_event> events,
                                    int timeout) {
  auto n = ::epoll_wait(epoll_.get(), events.data(),
                        static_cast<int>(events.size()), timeout);
  return n > 0 ? static_cast<std::size_t>(n) : 0;
}

handshake_context::progress
handshake_context::read_handshake(pending_connection& x, refusal& reason) {
  byte_stream bytes{x.socket.get(), x.tls.get()};
  while (!x.validator->has_handshake()) {
    auto n = bytes.read(x.validator->free_space());
    if (n == 0)
      return progress::incomplete;
    if (n < 0)
      return progress::closed;
    reason = x.validator->commit(static_cast<std::size_t>(n));
    if (reason != refusal::none) {
      refuse(x, reason, identity_text(x));
      return progress::refused;
    }
  }
  // All connections of a peer share its outstanding requests.
  auto requests
    = x.identity_slot.take(identities_, x.validator->peer(), identity_text(x));
  if (!requests) {
    reason = refusal::identity_mismatch;
    refuse(x, reason, identity_text(x));
    return progress::refused;
  }
  x.validator->share(std::move(requests));
  return progress::done;
}

void handshake_context::refuse(const pending_connection& x, refusal reason,
                               const std::string& detail) const {
  journal->refuse(reason, to_string(x.address), detail);
}

frame_rules handshake_context::rules(bool accepted, acl_table_ptr message_acl,
                                     const tls_session* tls) const {
  auto peer_name = tls != nullptr ? tls->peer().name : std::string{};
  return {accepted, own_node_, std::move(message_acl), {}, peer_name};
}

caf::io::scribe_ptr handshake_context::release(pending_connection x,
                                               bool accepted,
                                               std::size_t sent) {
  assert(x.validator && x.validator->has_handshake());
  unwatch(x.socket);
  auto identity = identity_text(x);
  return make_basp_connection(
    system, {std::move(x.socket), std::move(x.validator), std::move(x.slot),
             journal, accepted, to_string(x.address), sent, std::move(x.tls),
             std::move(identity), std::move(x.identity_slot)});
}

std::string identity_text(const pending_connection& x) {
  return x.tls ? to_string(x.tls->peer()) : std::string{};
}

} // namespace edgeless
