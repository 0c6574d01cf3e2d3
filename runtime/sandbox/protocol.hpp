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

/// What a node and the process of a guest say to each other. A frame is a
/// head and a body; a body is a few numbers, at most one name, and the rest.
namespace edgeless {

enum class guest_frame : std::uint32_t {
  // -- to the process ---------------------------------------------------------
  hello,  ///< numbers: memory; id: its own
  event,  ///< numbers: hook, size of the payload; id: source; rest: and state
  answer, ///< numbers: guest_verdict; rest: payload, or why it traps
  // -- to the node ------------------------------------------------------------
  next,         ///< numbers: nanoseconds on the event in hand, memory
  done,         ///< numbers: event_kind; rest: payload
  cast,         ///< name: channel; rest: payload
  cast_to,      ///< id: target; rest: payload
  call,         ///< name: channel; rest: payload; an answer follows
  call_to,      ///< id: target; rest: payload; an answer follows
  delayed_cast, ///< numbers: ms; name: channel; rest: payload; answered, too
  log,          ///< numbers: level; name: target; rest: text
  sync,         ///< rest: state; an answer follows
  fault,        ///< rest: why it is dead
};

enum class guest_verdict : std::uint64_t { no_reply, reply, error, trap };

struct guest_frame_head {
  guest_frame kind;
  std::uint32_t size; ///< of the body
};
static_assert(sizeof(guest_frame_head) == 8);

/// A body without what its kind does not have.
struct guest_body {
  std::array<std::uint64_t, 2> numbers{};
  instance_id id{};
  std::string_view name{};
  std::string_view rest{};
};

/// Everything of a frame but its rest, which may be large and follows: so many
/// bytes.
std::string begin_frame(guest_frame kind, const guest_body& body,
                        std::size_t rest);

/// Whether a process may say that much; a payload may be one byte too large,
/// so that its node refuses it in its own words.
bool may_say(const guest_frame_head& head);

/// Views point into `bytes`, which must be in memory of our own. Nothing if
/// they are no body of that kind.
std::optional<guest_body> read_frame(guest_frame kind, std::string_view bytes);

} // namespace edgeless
