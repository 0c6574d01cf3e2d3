// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/net/basp/refusal.hpp"
#include "runtime/net/tls_context.hpp"
#include "runtime/net/transport.hpp"

#include "messages/limits.hpp"

#include <caf/fwd.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace edgeless {

struct transport_settings {
  /// The deadline of the handshake of an accepted connection.
  std::chrono::milliseconds handshake = limits::dial;
  /// The deadline of a dial, the handshake included.
  std::chrono::milliseconds dial = limits::dial;
  /// Accepted connections without a handshake; a new one replaces the oldest.
  std::size_t max_unfinished = 256;
  std::size_t max_connections = 4096;
  /// Per IP address of a peer, which many nodes may share.
  std::size_t max_per_address = 1024;
  /// Host names that are resolved at the same time.
  std::size_t max_lookups = 8;
  /// Gets at most one line a second about refused connections. Default: a
  /// warning in the log.
  std::function<void(const std::string& line)> log;
  /// Made by the transport if it is nullptr.
  std::shared_ptr<transport_statistics> statistics;
  /// If set, all connections are encrypted and mutually authenticated, and
  /// https means the same as http.
  std::shared_ptr<tls_context> tls;
};

/// CAF over TCP; each frame is validated before CAF gets it. The system must
/// have a system_config and outlive the transport. Open connections outlive
/// the transport.
std::unique_ptr<transport> make_basp_transport(caf::actor_system& system,
                                               transport_settings settings
                                               = {});

} // namespace edgeless
