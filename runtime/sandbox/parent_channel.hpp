// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/sandbox/protocol.hpp"
#include "runtime/sandbox/shared_ring.hpp"

#include <optional>
#include <string>
#include <utility>

namespace edgeless {

/// The node's end of a channel. Never blocks: bytes without room in the ring
/// are queued, incomplete frames are kept. Trusts nothing that it reads. One
/// thread at a time.
class parent_channel {
public:
  using frame = std::pair<guest_frame, guest_body>;

  explicit parent_channel(guest_channel& channel);

  /// Sends or queues a frame; `rest` and `more` are its rest.
  void send(guest_frame kind, const guest_body& body,
            std::string_view rest = {}, std::string_view more = {});

  /// Sends queued bytes, and returns the next frame if it is complete. Its body
  /// is valid until the next receive().
  std::optional<frame> receive();

  /// The body of the last frame that receive() returned.
  std::optional<guest_body> last_body() const;

  /// The process violated the protocol: the channel cannot be used any more.
  bool is_broken() const {
    return is_broken_;
  }

  /// Bytes transferred so far, in both directions.
  std::uint64_t transferred() const {
    return transferred_;
  }

  /// The process writes the eventfd once when receive() can make progress.
  /// Check is_ready() afterwards: what arrived before is not notified.
  void request_wakeup();
  void cancel_wakeup();
  /// Whether receive() can make progress.
  bool is_ready();

private:
  std::size_t write(std::string_view bytes);
  void flush();
  bool fill(std::size_t size);
  guest_frame_head received_head() const;
  /// Wakes the process if it waits for `what`.
  void notify(wait_reason what);

  guest_channel& channel_;
  ring_writer out_;
  ring_reader in_;
  std::string queued_; ///< bytes to send, from `sent_` on
  std::size_t sent_ = 0;
  std::string received_;     ///< the current frame, as far as it has arrived
  bool is_complete_ = false; ///< receive() has returned the current frame
  bool is_broken_ = false;
  std::uint64_t transferred_ = 0;
};

} // namespace edgeless
