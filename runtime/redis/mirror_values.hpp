// SPDX-License-Identifier: MIT
#pragma once

#include "messages/event.hpp"
#include "messages/node.hpp"
#include "messages/workflow.hpp"

#include <chrono>
#include <map>
#include <string>
#include <string_view>

/// The values of the mirror. Each has the fields of all versions of EDGELESS,
/// whose readers skip those that they do not know.
namespace edgeless {

/// A JSON string. If `text` is not UTF-8, its bytes above 0x7f become question
/// marks.
std::string json_quoted(std::string_view text);

/// The shortest decimal form that reads back the same, without an exponent:
/// 0.243379291, 849.
std::string decimal(double x);

/// Seconds since the epoch with all three digits of the milliseconds.
std::string timestamp(std::chrono::system_clock::time_point when);

/// The same with the six digits of the microseconds.
std::string precise_timestamp(std::chrono::system_clock::time_point when);

/// {"num_cpus":..,...}
std::string json_of(const node_capabilities& x);

/// {"cpu_usage":..,...}
std::string json_of(const node_health& x);

/// {"class_type":"..","node_id":"UUID","outputs":[..]}
std::string json_of(const provider_description& x, const node_id& node);

/// {"Function":[{"annotations":{..},"spec":{..},"state_specification":{..},
/// "workflow_id":".."},["InstanceId(..)"]]} with an empty list if it has no
/// instance, or
/// {"Resource":[{"class_type":"..","configuration":{..},"workflow_id":".."},
/// "InstanceId(..)"]} with the ids that EDGELESS writes for "no instance".
std::string json_of(const component_spec& x, const endpoint& at);

/// {"channel":"LID",..}
std::string json_of(const std::map<std::string, logical_id>& wiring);

} // namespace edgeless
