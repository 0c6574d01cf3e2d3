// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/sandbox/protocol.hpp"
#include "runtime/sandbox/shared_ring.hpp"

#include <string>
#include <string_view>

namespace edgeless {

/// The sandbox process's end of a channel. Blocks without a timeout, since the
/// process ends with its node. Trusts the node, which controls the process
/// anyway.
class child_channel {
public:
  child_channel(guest_channel& channel, int wakeup);

  /// Sends a frame; blocks while the ring is full.
  void send(guest_frame kind, const guest_body& body,
            std::string_view rest = {});

  struct frame {
    guest_frame kind;
    guest_body body;
  };

  /// Blocks until the next frame. Its body is valid until the next receive().
  frame receive();

private:
  void write(std::string_view bytes);
  void read(char* to, std::size_t size);
  std::string_view read_body(std::uint32_t size);
  void release_body();
  template <class Condition>
  void wait(wait_reason what, Condition done);
  /// Writes the eventfd if the node waits for `what`.
  void notify(wait_reason what);

  guest_channel& channel_;
  int wakeup_;
  ring_writer out_;
  ring_reader in_;
  std::string body_;
  std::uint32_t body_in_ring_
    = 0; ///< bytes of the ring that the body of the last frame occupies
};

} // namespace edgeless
