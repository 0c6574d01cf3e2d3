// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/net/basp/acl_table.hpp"
#include "runtime/net/basp/message_layout.hpp"
#include "runtime/net/basp/refusal.hpp"
#include "runtime/net/outstanding_requests.hpp"

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

namespace edgeless {

/// The application id in CAF's handshake, the same on both sides; to be raised
/// with every incompatible change of the messages.
inline constexpr std::string_view application_id = "edgeless-4";

/// The rules for the frames that one connection receives.
struct frame_rules {
  /// The peer has dialled; otherwise this process has.
  bool accepted = true;
  node_bytes self{};
  acl_table_ptr message_acl;
  /// The ids of the published actors, which may get requests. Empty: all
  /// actors.
  std::vector<std::uint64_t> acceptors;
  /// The name in the peer's certificate, which messages that name their sender
  /// must have; empty: any name.
  std::string peer_name{};
};

/// The header of a frame of BASP, CAF's protocol.
struct frame_header {
  static constexpr std::size_t size = 32;

  std::uint8_t operation = 0;
  std::uint8_t flags = 0;
  std::uint32_t length = 0; ///< of the payload, in bytes
  std::uint64_t data = 0;   ///< the id of a message, or the protocol version
  std::uint64_t source = 0;
  std::uint64_t target = 0;
};

/// A response frame: the actor and the number of the request that it answers,
/// and its size.
struct frame_response {
  std::uint64_t actor = 0;
  std::uint64_t request = 0;
  std::size_t bytes = 0;
};

/// The number of a request, from the message id of the request or of its
/// response.
std::uint64_t number_of(std::uint64_t message_id);

/// The responses among whole frames.
std::vector<frame_response> responses_in(std::string_view frames);

/// Removes the first frame behind `offset` that is larger than limits::frame,
/// and returns its header. The output has whole frames from there on.
std::optional<frame_header> take_large_frame(std::vector<char>& output,
                                             std::size_t offset);

/// Buffers the bytes of a connection, and releases each frame only when it is
/// complete and valid: CAF trusts its peers and crashes on invalid bytes. Does
/// no I/O. Used by one thread at a time.
class frame_validator {
public:
  explicit frame_validator(frame_rules rules);

  /// The space for the next bytes. Never empty.
  std::span<char> free_space();

  /// Validates the first `bytes` bytes of free_space(). After a refusal, only
  /// the destructor may be called.
  refusal commit(std::size_t bytes);

  /// Copies `bytes` to the free space and commits them.
  refusal feed(std::string_view bytes);

  /// A valid handshake has been received.
  bool has_handshake() const {
    return has_handshake_;
  }

  /// The node id in the peer's handshake. Valid after the handshake.
  const node_bytes& peer() const {
    return peer_;
  }

  /// The id of the published actor in the peer's handshake; 0: none.
  std::uint64_t published_actor() const {
    return published_actor_;
  }

  /// The bytes of valid frames that wait for take().
  std::size_t ready() const {
    return checked_ - taken_;
  }

  /// A request of the peer has its response.
  void on_response(const frame_response& x) {
    requests_->close(x.actor, x.request);
  }

  /// Shares the outstanding requests with the other connections of the peer.
  void share(std::shared_ptr<outstanding_requests> requests) {
    assert(requests);
    requests->merge(*requests_);
    requests_ = std::move(requests);
  }

  /// Moves up to `size` bytes of valid frames to `target`; returns how many.
  std::size_t take(char* target, std::size_t size);

  /// Drops the first valid frame. There must be one.
  void skip_frame();

private:
  refusal check_header(const frame_header& header) const;
  refusal check(const frame_header& header, std::string_view payload);
  refusal check_handshake(const frame_header& header, std::string_view payload);
  refusal check_message(const frame_header& header, std::string_view payload);
  refusal check_content(const frame_header& header, std::string_view payload);
  refusal check_monitor(std::string_view payload) const;
  refusal check_down(const frame_header& header, std::string_view payload);
  bool is_reachable(std::uint64_t actor) const;
  refusal check_outstanding(const frame_header& header, std::uint64_t atom,
                            bool has_response);

  frame_rules rules_;
  bool has_handshake_ = false;
  node_bytes peer_{};
  std::uint64_t published_actor_ = 0;
  std::shared_ptr<outstanding_requests> requests_
    = std::make_shared<outstanding_requests>();
  /// The peer's actors that CAF has proxies for.
  std::unordered_set<std::uint64_t> actors_;

  // The buffer: [taken_, checked_) holds valid frames, [checked_, filled_) an
  // incomplete one.
  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_ = 0;
  std::size_t taken_ = 0;
  std::size_t checked_ = 0;
  std::size_t filled_ = 0;
};

} // namespace edgeless
