// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/sandbox/protocol.hpp"
#include "runtime/state/function_snapshot.hpp"
#include "runtime/state/memory_runs.hpp"

#include <caf/expected.hpp>

#include <optional>

namespace edgeless {

/// Sends a state, or why there is none, through either end of a channel.
template <class Channel>
void send_state(Channel& to, const caf::expected<guest_state>& x) {
  if (!x) {
    to.send(guest_frame::state_end, {.numbers = {x.error().code()}},
            explain(x.error()));
    return;
  }
  to.send(guest_frame::state_head, {}, encode_state_head(*x));
  for (std::string_view rest = x->runs; !rest.empty();) {
    auto part = rest.substr(0, size_of_first_runs(rest, state_frame));
    to.send(guest_frame::state_runs, {}, part);
    rest.remove_prefix(part.size());
  }
  to.send(guest_frame::state_end, {});
}

/// Puts the frames of a state together.
class state_receiver {
public:
  /// `max_bytes`: of its runs.
  explicit state_receiver(std::uint64_t max_bytes) : max_bytes_{max_bytes} {
    // nop
  }

  /// Takes the next frame. False: it does not belong there.
  bool take(guest_frame kind, const guest_body& body);

  bool is_complete() const {
    return result_.has_value();
  }
  /// Once it is complete.
  caf::expected<guest_state> take_result() {
    return std::move(*result_);
  }

private:
  bool take_end(const guest_body& body);

  std::uint64_t max_bytes_;
  std::optional<guest_state> state_;
  std::optional<caf::expected<guest_state>> result_;
};

} // namespace edgeless
