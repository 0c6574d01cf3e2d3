// SPDX-License-Identifier: MIT
#pragma once

#include "messages/intent.hpp"

#include <caf/expected.hpp>

#include <chrono>
#include <string>
#include <string_view>

/// The text form of intents in Redis, as delegated orchestrators write them.
namespace edgeless {

/// Reads one of
///   intent:migrate:LID = NODE[,NODE...]
///   intent:cordon:NODE = yes or no
///   intent:drain:NODE  = yes, or nothing
/// The error is one sentence that names the invalid part.
caf::expected<intent> parse_intent(std::string_view key,
                                   std::string_view value);

/// Whether `key` has the form of an intent. Only such keys are read and
/// deleted, whatever else is pushed to the queue.
bool is_intent_key(std::string_view key);

/// The key of the result: intent:result:LID or intent:result:NODE.
std::string intent_result_key(std::string_view key);

/// The result as a JSON object with intent, value, outcome ("done" or
/// "refused"), reason and time (seconds since the Unix epoch).
std::string intent_result(std::string_view key, std::string_view value,
                          bool done, std::string_view reason,
                          std::chrono::system_clock::time_point when);

} // namespace edgeless
