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

/// What epoll says is readable: a door by its key, our mail, or a connection
/// by its id.
constexpr std::uint64_t mail_id = 1u << 16;

} // namespace

void report_dial(const caf::strong_actor_ptr& whom, const std::string& text,
                 caf::strong_actor_ptr handle, std::string reason) {
  if (whom)
    whom->enqueue(nullptr, caf::make_message_id(),
                  caf::make_message(atom::dialled_v, text, std::move(handle),
                                    std::move(reason)),
                  nullptr);
}

handshake_loop::handshake_loop(caf::actor_system& system,
                               transport_settings settings)
  : system_(system), settings_(std::move(settings)),
    journal_(std::make_shared<connection_journal>(settings_.statistics,
                                                  settings_.log)),
    book_(std::make_shared<connection_limiter>(settings_.max_connections,
                                               settings_.max_per_address,
                                               settings_.statistics)),
    lookup_(std::make_shared<name_lookup>(settings_.max_lookups)),
    mail_(std::make_shared<loop_mailbox>()),
    broker_(
      system.middleman().named_broker<caf::io::basp_broker>(caf::atom("BASP"))),
    hello_(client_handshake(system)), self_(wire_bytes(system.node())),
    epoll_(::epoll_create1(EPOLL_CLOEXEC)), last_id_(mail_id) {
  watch(mail_->fd(), mail_id, EPOLLIN);
  thread_ = std::thread{[this] {
    run();
  }};
}

handshake_loop::~handshake_loop() {
  mail_->post([this] { stopping_ = true; });
  thread_.join();
  // Whoever still looks up a name for us talks to nobody.
  mail_->close();
  for (auto& [id, dial] : dials_)
    report_dial(dial.order.whom, dial.order.text, nullptr,
                "dialling was called off");
  while (!acceptors_.empty())
    close_door(acceptors_.begin()->first);
}

void handshake_loop::dial(dial_order order) {
  mail_->post(
    [this, order = std::move(order)]() mutable { look_up(std::move(order)); });
}

void handshake_loop::open(std::uint16_t key, listen_order order) {
  auto shared = std::make_shared<listen_order>(std::move(order));
  mail_->post([this, key, shared] {
    auto& acceptor = acceptors_.emplace(key, std::move(*shared)).first->second;
    if (!doors_paused_)
      watch(acceptor.socket.get(), key, EPOLLIN);
  });
}

void handshake_loop::close(std::uint16_t key) {
  mail_->post([this, key] { close_door(key); });
}

// -- the thread ---------------------------------------------------------------

void handshake_loop::run() {
  std::array<epoll_event, 64> events;
  while (!stopping_) {
    auto n
      = ::epoll_wait(epoll_.get(), events.data(), events.size(), timeout());
    for (auto i = 0; i < n; ++i)
      serve(events[static_cast<std::size_t>(i)].data.u64);
    expire();
  }
}

/// How long nothing needs to be done, in milliseconds; -1 for ever.
int handshake_loop::timeout() const {
  auto next = clock::time_point::max();
  for (auto& [id, x] : callers_)
    next = std::min(next, x.deadline);
  for (auto& [id, x] : dials_)
    next = std::min({next, x.deadline, x.attempt.deadline});
  if (doors_paused_)
    next = std::min(next, *doors_paused_);
  if (next == clock::time_point::max())
    return -1;
  using std::chrono::milliseconds;
  auto left = std::chrono::ceil<milliseconds>(next - clock::now());
  return static_cast<int>(
    std::clamp<milliseconds::rep>(left.count(), 0, 60000));
}

void handshake_loop::serve(connection_id id) {
  if (id < mail_id) {
    accept(static_cast<std::uint16_t>(id));
  } else if (id == mail_id) {
    for (auto& task : mail_->take())
      task();
  } else if (callers_.count(id) > 0) {
    hear(id);
  } else if (auto i = dials_.find(id); i != dials_.end()) {
    if (i->second.now == stage::connect)
      connected(id);
    else if (i->second.now == stage::secure)
      secure(id);
    else
      hear_back(id);
  }
}

void handshake_loop::expire() {
  auto now = clock::now();
  std::vector<connection_id> late;
  for (auto& [id, x] : callers_)
    if (x.deadline <= now)
      late.push_back(id);
  for (auto id : late)
    drop(id, refusal::silent);
  late.clear();
  for (auto& [id, x] : dials_)
    if (std::min(x.deadline, x.attempt.deadline) <= now)
      late.push_back(id);
  for (auto id : late)
    fail_attempt(id, "");
  if (doors_paused_ && *doors_paused_ <= now)
    resume_doors();
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

/// What a session waits for before its handshake goes on.
void handshake_loop::watch_for(const unfinished& x, connection_id id,
                               tls_session::progress wanted) {
  epoll_event event{};
  event.events
    = wanted == tls_session::progress::wants_write ? EPOLLOUT : EPOLLIN;
  event.data.u64 = id;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, x.socket.get(), &event);
}

frame_rules handshake_loop::rules(bool accepted, acl_table_ptr message_acl,
                                  const tls_session* tls) const {
  frame_rules result{accepted, self_, std::move(message_acl), {}, {}};
  if (tls != nullptr)
    result.speaker = tls->peer().name;
  // Whom we have dialled may ask whoever we tell him about.
  if (accepted)
    for (auto& [key, acceptor] : acceptors_)
      result.acceptors.push_back(acceptor.acceptor->id());
  return result;
}

/// Whether a peer that has greeted is the one that CAF knows by that id. All
/// its connections count its requests together.
bool handshake_loop::is_itself(unfinished& x) {
  auto owner = x.tls ? to_string(x.tls->peer()) : std::string{};
  auto requests = x.name.take(names_, x.check->peer(), owner);
  if (requests)
    x.check->share(requests);
  return requests != nullptr;
}

/// Takes the connection out of this loop; the rest is CAF's.
validated_connection handshake_loop::finish(unfinished& x) {
  unwatch(x.socket.get());
  auto peer = x.tls ? to_string(x.tls->peer()) : std::string{};
  return {std::move(x.socket),
          std::move(x.check),
          std::move(x.slot),
          journal_,
          true,
          to_string(x.address),
          0,
          std::move(x.tls),
          std::move(peer),
          std::move(x.name)};
}

} // namespace edgeless
