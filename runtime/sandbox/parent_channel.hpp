// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/sandbox/protocol.hpp"
#include "runtime/sandbox/shared_ring.hpp"

#include <optional>
#include <string>
#include <utility>

namespace edgeless {

/// The node's end of a channel. Never waits: what there is no room for goes
/// out later, what is not complete comes in later. Trusts nothing it reads.
class parent_channel {
public:
  using frame = std::pair<guest_frame, guest_body>;

  explicit parent_channel(guest_channel& channel);

  /// Sends a frame whose rest has these parts.
  void post(guest_frame kind, const guest_body& body,
            std::string_view rest = {}, std::string_view more = {});

  /// Sends what there is room for, and reads. The body is good until next().
  std::optional<frame> next();

  /// What the latest next() gave.
  std::optional<guest_body> again() const;

  /// It said what makes no sense: there is no way to go on.
  bool broken() const {
    return broken_;
  }

  /// Bytes that went through, in both directions.
  std::uint64_t moved() const {
    return moved_;
  }

  /// From now on the process rings when there is something to do, once.
  void want();
  void want_nothing();
  /// Whether there is something to do.
  bool ready();

private:
  void put(std::string_view bytes);
  void flush();
  bool read_head();
  /// Wakes the process if it waits for that.
  void tell(guest_wants what);

  guest_channel& channel_;
  ring_writer out_;
  ring_reader in_;
  std::string waiting_; ///< to be sent, from `sent_` on
  std::size_t sent_ = 0;
  std::optional<guest_frame_head> head_;
  std::string body_;
  bool whole_ = false; ///< body_ has been given out
  bool broken_ = false;
  std::uint64_t moved_ = 0;
};

} // namespace edgeless
