// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/net/basp/handshake_context.hpp"
#include "runtime/net/name_lookup.hpp"

#include <caf/actor_control_block.hpp>

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace edgeless {

/// A peer to be dialled, and the receiver of the result.
struct dial_order {
  std::string text; ///< the URL as requested
  url where;
  acl_table_ptr message_acl;
  caf::strong_actor_ptr receiver;
  peer_role peer = peer_role::node;
  std::string name; ///< in the peer's certificate; empty: any name
  /// Set if the connection is to be closed when the peer has shown that it is
  /// the process with this id; gets "" then, or the reason. There is no
  /// receiver.
  std::function<void(std::string reason)> probed{};
  node_bytes process{};
};

/// Dials peers and performs their handshakes. Each dial has one deadline, and
/// tries the addresses of its host one after the other. Used by the thread of
/// the handshake loop only.
class basp_connector {
public:
  explicit basp_connector(handshake_context& context);

  /// Reports that the remaining dials are cancelled.
  ~basp_connector();

  void dial(dial_order order);

  /// Continues a dial; false if the id is unknown.
  bool continue_dial(event_id id);

  /// The next time at which expire() has something to do.
  handshake_clock::time_point next_deadline() const;
  void expire(handshake_clock::time_point now);

private:
  enum class phase : std::uint8_t { lookup, connect, tls, handshake };

  /// A dial in progress, with a new connection for each address.
  struct dial_state {
    dial_order order;
    phase now = phase::lookup;
    handshake_clock::time_point deadline;
    std::vector<socket_address> addresses; ///< still to be tried, last first
    pending_connection attempt;
    /// The error of the last attempt.
    std::string reason;
  };

  void on_addresses(event_id id, name_lookup::addresses found);
  void try_next(event_id id);
  void on_connected(event_id id, dial_state& dial);
  void continue_tls(event_id id, dial_state& dial);
  void send_handshake(event_id id, dial_state& dial);
  void read_handshake(event_id id, dial_state& dial);
  void fail_attempt(event_id id, std::string reason);
  void fail_dial(event_id id);
  void finish_dial(event_id id);
  void finish_probe(event_id id);

  handshake_context& context_;
  std::shared_ptr<name_lookup> resolver_;
  std::string client_handshake_;
  std::map<event_id, dial_state> dials_;
};

/// Sends the result of a dial to `receiver`.
void report_dial(const caf::strong_actor_ptr& receiver, const std::string& text,
                 caf::strong_actor_ptr handle, std::string reason);

} // namespace edgeless
