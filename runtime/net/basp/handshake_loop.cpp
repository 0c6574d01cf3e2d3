// SPDX-License-Identifier: MIT
#include "runtime/net/basp/handshake_loop.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <array>

namespace edgeless {

handshake_loop::handshake_loop(caf::actor_system& system,
                               transport_settings settings)
  : context_(system, std::move(settings)), acceptor_(context_),
    connector_(context_) {
  thread_ = std::thread{[this] {
    run();
  }};
}

handshake_loop::~handshake_loop() {
  context_.mailbox->post([this] { stopping_ = true; });
  thread_.join();
  // Results of running lookups are dropped.
  context_.mailbox->close();
}

void handshake_loop::dial(dial_order order) {
  context_.mailbox->post([this, order = std::move(order)]() mutable {
    connector_.dial(std::move(order));
  });
}

void handshake_loop::open(std::uint16_t key, listen_order order) {
  // The mailbox needs a copyable task.
  auto shared = std::make_shared<listen_order>(std::move(order));
  context_.mailbox->post(
    [this, key, shared] { acceptor_.open(key, std::move(*shared)); });
}

void handshake_loop::close(std::uint16_t key) {
  context_.mailbox->post([this, key] { acceptor_.close(key); });
}

void handshake_loop::run() {
  std::array<epoll_event, 64> events;
  while (!stopping_) {
    auto n = context_.wait(events, timeout());
    for (std::size_t i = 0; i < n; ++i)
      handle_event(events[i].data.u64);
    auto now = handshake_clock::now();
    acceptor_.expire(now);
    connector_.expire(now);
  }
}

/// The time until the next deadline, in milliseconds; -1 if there is none.
int handshake_loop::timeout() const {
  auto next = std::min(acceptor_.next_deadline(), connector_.next_deadline());
  if (next == handshake_clock::time_point::max())
    return -1;
  using std::chrono::milliseconds;
  auto left = std::chrono::ceil<milliseconds>(next - handshake_clock::now());
  return static_cast<int>(
    std::clamp<milliseconds::rep>(left.count(), 0, 60000));
}

void handshake_loop::handle_event(event_id id) {
  if (id < handshake_context::mailbox_id)
    acceptor_.accept(static_cast<std::uint16_t>(id));
  else if (id == handshake_context::mailbox_id)
    for (auto& task : context_.mailbox->take())
      task();
  else if (!acceptor_.continue_handshake(id))
    connector_.continue_dial(id);
}

} // namespace edgeless
