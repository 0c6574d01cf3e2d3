// SPDX-License-Identifier: MIT
#pragma once

#include "messages/intent.hpp"

#include <caf/expected.hpp>

#include <chrono>
#include <string>
#include <string_view>

/// Intents as they are written to Redis by whoever watches from outside.
namespace edgeless {

/// Reads one of
///   intent:migrate:LID = NODE[,NODE...]
///   intent:cordon:NODE = yes or no
///   intent:drain:NODE  = yes, or nothing
/// An error is one sentence that says what is wrong with it.
caf::expected<intent> parse_intent(std::string_view key,
                                   std::string_view value);

/// Whether a key may be read, and deleted, as that of an intent: nothing else
/// that somebody pushes.
bool is_intent_key(std::string_view key);

/// Where its result can be read: intent:result:LID or intent:result:NODE.
std::string intent_result_key(std::string_view key);

/// The result, in JSON.
std::string intent_result(std::string_view key, std::string_view value,
                          bool done, std::string_view reason,
                          std::chrono::system_clock::time_point when);

} // namespace edgeless
