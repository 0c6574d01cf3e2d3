// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/net/basp/acceptor.hpp"
#include "runtime/net/basp/connector.hpp"

#include <cstdint>
#include <thread>

namespace edgeless {

/// A thread that accepts, dials, and performs handshakes concurrently, each
/// with a deadline. Public members are thread-safe.
class handshake_loop {
public:
  handshake_loop(caf::actor_system& system, transport_settings settings);

  /// Cancels dials and handshakes; connections handed over to CAF stay open.
  ~handshake_loop();

  void dial(dial_order order);

  /// As basp_acceptor::open() and close().
  void open(std::uint16_t key, listen_order order);
  void close(std::uint16_t key);

private:
  void run();
  int timeout() const;
  void handle_event(event_id id);

  handshake_context context_;
  basp_acceptor acceptor_;
  basp_connector connector_;
  bool stopping_ = false;
  std::thread thread_;
};

} // namespace edgeless
