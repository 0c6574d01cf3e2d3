// SPDX-License-Identifier: MIT
#include "runtime/net/handshake_loop.hpp"

#include "messages/interfaces.hpp"

#include <caf/all.hpp>
#include <caf/io/basp_broker.hpp>
#include <caf/io/middleman.hpp>

#include <sys/epoll.h>

#include <algorithm>

namespace edgeless {

namespace {

/// The data of an epoll event: the key of an acceptor (below mailbox_id), the
/// mailbox, or the id of a connection (above).
constexpr std::uint64_t mailbox_id = 1u << 16;

} // namespace

void report_dial(const caf::strong_actor_ptr& receiver, const std::string& text,
                 caf::strong_actor_ptr handle, std::string reason) {
  if (receiver)
    receiver->enqueue(nullptr, caf::make_message_id(),
                      caf::make_message(atom::dialled_v, text,
                                        std::move(handle), std::move(reason)),
                      nullptr);
}

handshake_loop::handshake_loop(caf::actor_system& system,
                               transport_settings settings)
  : system_(system), settings_(std::move(settings)),
    journal_(std::make_shared<connection_journal>(settings_.statistics,
                                                  settings_.log)),
    limiter_(std::make_shared<connection_limiter>(settings_.max_connections,
                                                  settings_.max_per_address,
                                                  settings_.statistics)),
    resolver_(std::make_shared<name_lookup>(settings_.max_lookups)),
    mailbox_(std::make_shared<loop_mailbox>()),
    broker_(
      system.middleman().named_broker<caf::io::basp_broker>(caf::atom("BASP"))),
    client_handshake_(client_handshake(system)),
    own_node_(wire_bytes(system.node())),
    epoll_(::epoll_create1(EPOLL_CLOEXEC)), last_id_(mailbox_id) {
  watch(mailbox_->fd(), mailbox_id, EPOLLIN);
  thread_ = std::thread{[this] {
    run();
  }};
}

handshake_loop::~handshake_loop() {
  mailbox_->post([this] { stopping_ = true; });
  thread_.join();
  // Results of running lookups are dropped.
  mailbox_->close();
  for (auto& [id, dial] : dials_)
    report_dial(dial.order.receiver, dial.order.text, nullptr,
                "dial cancelled: the transport is closing");
  while (!acceptors_.empty())
    close_acceptor(acceptors_.begin()->first);
}

void handshake_loop::dial(dial_order order) {
  mailbox_->post([this, order = std::move(order)]() mutable {
    start_dial(std::move(order));
  });
}

void handshake_loop::open(std::uint16_t key, listen_order order) {
  auto shared = std::make_shared<listen_order>(std::move(order));
  mailbox_->post([this, key, shared] {
    auto& acceptor = acceptors_.emplace(key, std::move(*shared)).first->second;
    if (!acceptors_paused_until_)
      watch(acceptor.socket.get(), key, EPOLLIN);
  });
}

void handshake_loop::close(std::uint16_t key) {
  mailbox_->post([this, key] { close_acceptor(key); });
}

// -- the thread ---------------------------------------------------------------

void handshake_loop::run() {
  std::array<epoll_event, 64> events;
  while (!stopping_) {
    auto n
      = ::epoll_wait(epoll_.get(), events.data(), events.size(), timeout());
    for (auto i = 0; i < n; ++i)
      handle_event(events[static_cast<std::size_t>(i)].data.u64);
    expire();
  }
}

/// The time until the next deadline, in milliseconds; -1 if there is none.
int handshake_loop::timeout() const {
  auto next = clock::time_point::max();
  for (auto& [id, x] : accepted_)
    next = std::min(next, x.deadline);
  for (auto& [id, x] : dials_)
    next = std::min({next, x.deadline, x.attempt.deadline});
  if (acceptors_paused_until_)
    next = std::min(next, *acceptors_paused_until_);
  if (next == clock::time_point::max())
    return -1;
  using std::chrono::milliseconds;
  auto left = std::chrono::ceil<milliseconds>(next - clock::now());
  return static_cast<int>(
    std::clamp<milliseconds::rep>(left.count(), 0, 60000));
}

void handshake_loop::handle_event(connection_id id) {
  if (id < mailbox_id) {
    accept(static_cast<std::uint16_t>(id));
  } else if (id == mailbox_id) {
    for (auto& task : mailbox_->take())
      task();
  } else if (accepted_.count(id) > 0) {
    read_client_handshake(id);
  } else if (auto i = dials_.find(id); i != dials_.end()) {
    if (i->second.now == phase::connect)
      on_connected(id);
    else if (i->second.now == phase::tls)
      continue_tls(id);
    else
      read_server_handshake(id);
  }
}

void handshake_loop::expire() {
  auto now = clock::now();
  std::vector<connection_id> expired;
  for (auto& [id, x] : accepted_)
    if (x.deadline <= now)
      expired.push_back(id);
  for (auto id : expired)
    drop(id, refusal::silent);
  expired.clear();
  for (auto& [id, x] : dials_)
    if (std::min(x.deadline, x.attempt.deadline) <= now)
      expired.push_back(id);
  for (auto id : expired)
    fail_attempt(id, "");
  if (acceptors_paused_until_ && *acceptors_paused_until_ <= now)
    resume_acceptors();
}

// -- both ---------------------------------------------------------------------

bool handshake_loop::watch(int fd, connection_id id, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = id;
  return ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0;
}

void handshake_loop::unwatch(int fd) {
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

/// Waits for the event that the TLS handshake needs next.
void handshake_loop::watch_for(const pending_connection& x, connection_id id,
                               tls_session::progress wanted) {
  epoll_event event{};
  event.events
    = wanted == tls_session::progress::wants_write ? EPOLLOUT : EPOLLIN;
  event.data.u64 = id;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, x.socket.get(), &event);
}

frame_rules handshake_loop::rules(bool accepted, acl_table_ptr message_acl,
                                  const tls_session* tls) const {
  frame_rules result{accepted, own_node_, std::move(message_acl), {}, {}};
  if (tls != nullptr)
    result.peer_name = tls->peer().name;
  // A dialled peer may send requests to every actor it has a handle of.
  if (accepted)
    for (auto& [key, acceptor] : acceptors_)
      result.acceptors.push_back(acceptor.acceptor->id());
  return result;
}

/// Whether the peer's identity may use the node id of its handshake. All of its
/// connections share their outstanding requests.
bool handshake_loop::register_identity(pending_connection& x) {
  auto owner = x.tls ? to_string(x.tls->peer()) : std::string{};
  auto requests = x.identity_slot.take(identities_, x.validator->peer(), owner);
  if (requests)
    x.validator->share(requests);
  return requests != nullptr;
}

/// Removes the connection from this loop, to be handed over to CAF.
validated_connection handshake_loop::finish(pending_connection& x) {
  unwatch(x.socket.get());
  auto peer = x.tls ? to_string(x.tls->peer()) : std::string{};
  return {std::move(x.socket),
          std::move(x.validator),
          std::move(x.slot),
          journal_,
          true,
          to_string(x.address),
          0,
          std::move(x.tls),
          std::move(peer),
          std::move(x.identity_slot)};
}

} // namespace edgeless
