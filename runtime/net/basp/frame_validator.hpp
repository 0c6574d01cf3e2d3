// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/net/basp/acl_table.hpp"
#include "runtime/net/basp/message_layout.hpp"
#include "runtime/net/basp/refusal.hpp"
#include "runtime/net/outstanding_requests.hpp"

#include <chrono>
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

/// Both sides of a connection name this in CAF's handshake; to be changed
/// when old peers would not understand us anymore.
inline constexpr std::string_view application_id = "edgeless-3";

/// What one connection may carry, in the direction towards us.
struct frame_rules {
  /// We were dialled; otherwise we have dialled.
  bool accepted = true;
  node_bytes self{};
  acl_table_ptr message_acl;
  /// The actors that may be asked from outside. Empty: whoever we have told
  /// the peer about.
  std::vector<std::uint64_t> acceptors;
  /// What the peer's certificate calls it; empty: nothing is known. Messages
  /// that name their sender must name it so.
  std::string speaker{};
};

/// The fixed first part of a frame (BASP, CAF's protocol).
struct frame_header {
  static constexpr std::size_t size = 32;

  std::uint8_t operation = 0;
  std::uint8_t flags = 0;
  std::uint32_t length = 0; ///< of what follows
  std::uint64_t data = 0;   ///< of messages: their id; of handshakes: version
  std::uint64_t source = 0;
  std::uint64_t target = 0;
};

/// An answer, and to which request of whom.
struct frame_answer {
  std::uint64_t actor = 0;
  std::uint64_t request = 0;
  std::size_t bytes = 0;
};

/// The number of a request, of its message or that of its answer.
std::uint64_t number_of(std::uint64_t message);

/// The answers among whole frames.
std::vector<frame_answer> answers_in(std::string_view frames);

/// Completes each frame in its own buffer and checks it before anybody else
/// sees a byte of it: CAF trusts its peers and falls over garbage. Opens no
/// socket, so that tests can hand it anything.
class frame_validator {
public:
  explicit frame_validator(frame_rules rules);

  /// Where to put the next bytes. Never empty.
  std::span<char> room();

  /// That many bytes were put into room(). After a refusal nothing but
  /// destruction is left.
  refusal added(std::size_t bytes);

  /// Copies `bytes` in, as if they had been received.
  refusal feed(std::string_view bytes);

  /// The handshake has passed.
  bool greeted() const {
    return greeted_;
  }

  /// Who the peer says it is, once it has greeted.
  const node_bytes& peer() const {
    return peer_;
  }

  /// The actor whom the peer's handshake has offered; 0 if there is none.
  std::uint64_t offered() const {
    return offered_;
  }

  /// How many bytes of checked frames wait to be taken.
  std::size_t ready() const {
    return checked_ - taken_;
  }

  /// A request of the peer has its answer.
  void answered(const frame_answer& x) {
    requests_->close(x.actor, x.request);
  }

  /// The peer has other connections: what waits there counts here, too.
  void share(std::shared_ptr<outstanding_requests> requests) {
    requests->take_over(*requests_);
    requests_ = std::move(requests);
  }

  /// Copies up to `size` of them; returns how many.
  std::size_t take(char* target, std::size_t size);

  /// Throws the first checked frame away. There must be one.
  void skip_frame();

private:
  refusal check_header(const frame_header& header) const;
  refusal check(const frame_header& header, std::string_view payload);
  refusal greet(const frame_header& header, std::string_view payload);
  refusal check_message(const frame_header& header, std::string_view payload);
  refusal check_content(const frame_header& header, std::string_view payload);
  refusal check_monitor(std::string_view payload) const;
  refusal check_down(const frame_header& header, std::string_view payload);
  bool may_ask(std::uint64_t actor) const;
  refusal check_waiting(const frame_header& header, std::uint64_t atom,
                        bool answered);

  frame_rules rules_;
  bool greeted_ = false;
  node_bytes peer_{};
  std::uint64_t offered_ = 0;
  std::shared_ptr<outstanding_requests> requests_
    = std::make_shared<outstanding_requests>();
  /// The peer's actors that CAF has proxies of.
  std::unordered_set<std::uint64_t> actors_;

  // The buffer: [taken_, checked_) is ready, [checked_, filled_) is not whole.
  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_ = 0;
  std::size_t taken_ = 0;
  std::size_t checked_ = 0;
  std::size_t filled_ = 0;
};

} // namespace edgeless
