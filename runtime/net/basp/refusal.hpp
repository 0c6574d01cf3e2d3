// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace edgeless {

/// The reason for which a connection was refused or closed. Each is counted,
/// and to_string() is its metric label.
enum class refusal : std::uint8_t {
  none,
  /// A limit of open or unfinished connections is reached.
  too_many_connections,
  /// No handshake within its deadline.
  silent,
  /// The peer closed the connection before its handshake was complete.
  handshake_aborted,
  /// The first frame is no handshake.
  no_handshake,
  /// The handshake is malformed.
  bad_handshake,
  /// Another protocol version, or another application.
  other_application,
  /// The handshake has our own node id.
  own_node,
  /// A second handshake of a server, or with another node id.
  late_handshake,
  /// The header is invalid for its operation.
  bad_header,
  /// Larger than limits::frame or the limit of its message type.
  too_large,
  /// To be routed to a third node or along a forwarding stack.
  routed,
  /// Addressed by name, as CAF's spawn and config servers are.
  named_receiver,
  /// A message of CAF's streams, whose types CAF does not check.
  stream,
  /// A message that this peer may not send.
  not_admitted,
  /// A request to an actor that is not published.
  wrong_receiver,
  /// Values that are incomplete, out of range, or handles of other nodes.
  bad_content,
  /// Small on the wire, large in memory.
  expands_too_much,
  /// More remote actors over one connection than limits::remote_actors.
  too_many_actors,
  /// No TLS or invalid TLS.
  bad_tls,
  /// No trusted certificate of the peer, or the peer does not trust ours.
  bad_certificate,
  /// The role in the certificate is not admitted.
  wrong_role,
  /// A message or handshake in the name of another identity.
  identity_mismatch,
  /// A message with a response that was not sent as a request.
  no_request,
  /// More outstanding requests than limits::unanswered_requests.
  too_many_requests,
  /// More unread responses than limits::unread_answers.
  slow_reader,
};
inline constexpr std::size_t refusals
  = static_cast<std::size_t>(refusal::slow_reader) + 1;

/// The name of the enumerator, such as "too_large".
std::string_view to_string(refusal reason);

/// Counters of all connections of a transport. Thread-safe.
struct transport_statistics {
  std::atomic<std::uint64_t> accepted = 0;
  std::atomic<std::uint64_t> dialled = 0;
  std::atomic<std::uint64_t> dials_failed = 0;
  /// Open connections, including those without a handshake.
  std::atomic<std::uint64_t> open = 0;
  /// Messages that are larger than a frame.
  std::atomic<std::uint64_t> not_sent = 0;
  std::array<std::atomic<std::uint64_t>, refusals> refused{};

  std::uint64_t refused_for(refusal reason) const {
    return refused[static_cast<std::size_t>(reason)];
  }

  /// For all reasons together.
  std::uint64_t refused_in_total() const {
    std::uint64_t sum = 0;
    for (auto& x : refused)
      sum += x;
    return sum;
  }
};

} // namespace edgeless
