// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/sandbox/protocol.hpp"
#include "runtime/sandbox/shared_ring.hpp"

#include <string>
#include <string_view>

namespace edgeless {

/// The process's end of a channel: waits as long as it takes. The node is
/// trusted: it could do what it likes anyhow.
class child_channel {
public:
  child_channel(guest_channel& channel, int wakeup);

  void say(guest_frame kind, const guest_body& body,
           std::string_view rest = {});

  struct frame {
    guest_frame kind;
    guest_body body;
  };

  /// Waits for the next frame. Its body is good until the next one.
  frame listen();

private:
  void write(std::string_view bytes);
  void read(char* to, std::size_t size);
  std::string_view read_body(std::uint32_t size);
  void give_back();
  template <class Condition>
  void wait(guest_wants what, Condition done);
  /// Rings, if the node waits for that.
  void tell(guest_wants what);

  guest_channel& channel_;
  int wakeup_;
  ring_writer out_;
  ring_reader in_;
  std::string body_;
  std::uint32_t lent_ = 0; ///< of the ring, as the body of the last frame
};

} // namespace edgeless
