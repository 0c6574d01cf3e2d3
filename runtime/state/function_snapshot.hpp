// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/state/guest_state.hpp"

#include "messages/workflow.hpp"

#include <caf/expected.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

/// The state of a function as it travels and lies on disk. All numbers are
/// little-endian; a text is its size (32 bits) and its bytes:
///
///   8 bytes  "EDGELESS"
///   32 bits  version of this format: 1
///   64 bytes code id: SHA-256 of the module, hexadecimal
///   32 bits  number of delayed casts; of each:
///     64 bits  milliseconds until it is due
///     text     channel
///     text     payload
///   64 bits  size of the memory, in bytes, a multiple of 65536
///   64 bits  monotonic clock of the guest, in nanoseconds
///   64 bits  when it was captured, in nanoseconds since the Unix epoch
///   text     unfinished line of stdout
///   text     unfinished line of stderr
///   32 bits  number of globals; of each:
///     8 bits   kind: 0 i32, 1 i64, 2 f32, 3 f64, 4 v128
///     16 bytes value, padded with zeros
///   64 bits  size of the runs
///   bytes    runs: see memory_runs.hpp
///   64 bytes SHA-256 of everything before, hexadecimal
namespace edgeless {

struct function_snapshot {
  struct delayed_cast {
    std::chrono::milliseconds remaining{0};
    std::string channel;
    std::string payload;

    friend bool operator==(const delayed_cast&, const delayed_cast&) = default;
  };

  code_id code;
  /// In the order in which they are due.
  std::vector<delayed_cast> delayed;
  guest_state guest;

  friend bool operator==(const function_snapshot&, const function_snapshot&)
    = default;
};

std::string encode_snapshot(const function_snapshot& x);

/// Errors: ec::bad_input, with the reason.
caf::expected<function_snapshot> decode_snapshot(std::string_view bytes);

/// The part of a guest's state before its runs, as in a snapshot.
std::string encode_state_head(const guest_state& x);
caf::expected<guest_state> decode_state_head(std::string_view bytes);

} // namespace edgeless
