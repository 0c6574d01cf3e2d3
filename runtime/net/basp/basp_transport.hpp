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
  /// How long a peer that has dialled us may take for its handshake.
  std::chrono::milliseconds handshake = limits::dial;
  /// How long dialling may take, the peer's handshake included.
  std::chrono::milliseconds dial = limits::dial;
  /// Connections without a handshake; the oldest makes room for a new one.
  std::size_t max_unfinished = 256;
  std::size_t max_connections = 4096;
  /// Per address of a peer; many nodes may be behind one.
  std::size_t max_per_address = 1024;
  /// Names that are looked up at the same time.
  std::size_t max_lookups = 8;
  /// Gets a line for refusals, at most one a second. Default: a warning.
  std::function<void(const std::string& line)> log;
  /// Counts what happens; made by the wire if there is none.
  std::shared_ptr<transport_statistics> statistics;
  /// With it, all connections are encrypted and mutually authentic; the URLs
  /// may say http or https then.
  std::shared_ptr<tls_context> tls;
};

/// CAF over TCP, behind a guard that checks each frame before CAF gets it.
/// The system must have been set up by system_config, and outlive the wire;
/// connections outlive the wire as long as the system lives.
std::unique_ptr<transport> make_basp_transport(caf::actor_system& system,
                                               transport_settings settings
                                               = {});

} // namespace edgeless
