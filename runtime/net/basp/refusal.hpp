// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace edgeless {

/// Why a connection was refused or cut. Each is counted.
enum class refusal : std::uint8_t {
  none,
  /// More connections, or more unfinished ones, than there may be.
  too_many_connections,
  /// No handshake within its deadline.
  silent,
  /// Hung up before its handshake was complete.
  handshake_aborted,
  /// The first frame is no handshake.
  no_handshake,
  /// The handshake does not say what it should.
  bad_handshake,
  /// Another protocol version, or another application.
  other_application,
  /// The handshake names our own node.
  own_node,
  /// A handshake where none may come, or of another node than the first.
  late_handshake,
  /// The header breaks the rules of its kind of frame.
  bad_header,
  /// Larger than limits::frame, or than its kind may be.
  too_large,
  /// To be passed on to a third node, or along a forwarding stack.
  routed,
  /// Addressed by name, as CAF's spawn and config servers are.
  named_receiver,
  /// CAF's streams: their messages are trusted to be of the right type.
  stream,
  /// A message that this peer may not send.
  not_admitted,
  /// For an actor that may not be asked from outside.
  wrong_receiver,
  /// The values of a message are not whole, out of range, or foreign handles.
  bad_content,
  /// Small on the wire, large in memory.
  expands_too_much,
  /// More actors speak over one connection than limits::remote_actors.
  too_many_actors,
  /// No TLS where it has to be, or not as it should be.
  bad_tls,
  /// No certificate, or none to be trusted; or ours is not, says the peer.
  bad_certificate,
  /// The certificate is of somebody who has no business here.
  wrong_role,
  /// Speaks in the name of another than its certificate.
  identity_mismatch,
  /// Asks, but not as a request: nobody could count its questions.
  no_request,
  /// Asks on and on, faster than it can be answered.
  too_many_requests,
  /// Asks on and on, and does not read the answers.
  slow_reader,
};
inline constexpr std::size_t refusals
  = static_cast<std::size_t>(refusal::slow_reader) + 1;

/// For people: "too_large" and so on.
std::string_view to_string(refusal reason);

/// What happened on all connections of a wire. Written by several threads.
struct transport_statistics {
  std::atomic<std::uint64_t> accepted = 0;
  std::atomic<std::uint64_t> dialled = 0;
  std::atomic<std::uint64_t> dials_failed = 0;
  /// Connections now, those without a handshake included.
  std::atomic<std::uint64_t> open = 0;
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
