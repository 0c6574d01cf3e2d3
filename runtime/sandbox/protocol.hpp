// SPDX-License-Identifier: MIT
#pragma once

#include "messages/errors.hpp"
#include "messages/event.hpp"
#include "messages/limits.hpp"

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

/// The protocol of a node and a sandbox process. A frame is a head and a body;
/// a body consists of up to two numbers, an id, a name, and the rest, in the
/// machine's byte order.
namespace edgeless {

enum class guest_frame : std::uint32_t {
  // -- to the process ---------------------------------------------------------
  hello,   ///< numbers: memory limit; id: of the guest's instance
  event,   ///< numbers: hook, payload size; id: source; rest: payload, state
  answer,  ///< numbers: guest_verdict; rest: payload, or reason of a trap
  begin,   ///< numbers: 1 if a state follows, from which the guest continues
  capture, ///< instead of an event; numbers: bytes of memory; a state follows
  // -- to the node ------------------------------------------------------------
  next,    ///< numbers: ns of CPU for the last event, memory; wants an event
  done,    ///< numbers: event_kind; rest: payload
  cast,    ///< name: channel; rest: payload
  cast_to, ///< id: target; rest: payload
  call,    ///< name: channel; rest: payload; an answer follows
  call_to, ///< id: target; rest: payload; an answer follows
  delayed_cast, ///< numbers: ms; name: channel; rest: payload; an answer
                ///< follows
  log,          ///< numbers: level; name: target; rest: text
  sync,         ///< rest: state; an answer follows
  fault,        ///< rest: reason; the guest is dead
  ready,        ///< the guest starts, before its first event
  sleep,        ///< numbers: ns; an answer follows
  // -- a state, in either direction -------------------------------------------
  state_head, ///< rest: encode_state_head()
  state_runs, ///< rest: some of its runs
  state_end,  ///< numbers: zero, or an ec; rest: why there is no state
};

enum class guest_verdict : std::uint64_t { no_reply, reply, error, trap };

/// Bytes of runs in one state_runs frame.
constexpr std::size_t state_frame = 64u << 10;

struct guest_frame_head {
  guest_frame kind;
  std::uint32_t size; ///< of the body
};
static_assert(sizeof(guest_frame_head) == 8);

/// A body. Parts that its kind does not have are empty.
struct guest_body {
  std::array<std::uint64_t, 2> numbers{};
  instance_id id{};
  std::string_view name{};
  std::string_view rest{};
};

/// Encodes a frame but its rest, of which `rest` bytes must follow.
std::string encode_frame(guest_frame kind, const guest_body& body,
                         std::size_t rest);

/// Whether a process may send a frame with this head. A payload may be one byte
/// too large: then the node refuses it with its usual error.
bool is_valid_head(const guest_frame_head& head);

/// Decodes a body. Its views point into `bytes`, which the peer must not be
/// able to change. Nothing if it is malformed.
std::optional<guest_body> decode_body(guest_frame kind, std::string_view bytes);

} // namespace edgeless
