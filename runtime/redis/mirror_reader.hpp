// SPDX-License-Identifier: MIT
#pragma once

#include "messages/workflow.hpp"

#include <caf/expected.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Reads the mirror of a domain back from Redis, for tools. Values may have
/// been written by this program or by any version of EDGELESS: unknown fields
/// are ignored, anything else that is invalid is an error with one sentence.
namespace edgeless {

struct mirrored_capabilities {
  node_capabilities basic;
  /// Whether the disk and the GPUs, which v1.0 of EDGELESS added, are there.
  bool has_more = false;
};

struct mirrored_health {
  /// By field name; memory in kB.
  std::map<std::string, std::int64_t, std::less<>> figures;
  /// The fields that later versions of EDGELESS have are there: load averages,
  /// network, disk and GPU.
  bool later = false;

  /// -1 if there is no such figure.
  std::int64_t figure(std::string_view name) const;
};

/// A function or a resource, and its instances.
struct mirrored_component {
  component_kind kind = component_kind::function;
  /// Empty if the value does not contain it.
  std::string class_id;
  /// Nil if the value does not contain it.
  workflow_id workflow;
  /// Sorted; without the ids that EDGELESS writes for "no instance".
  std::vector<instance_id> instances;
};

struct mirrored_provider {
  std::string class_type;
  node_id node;
  std::vector<std::string> outputs;
};

/// An item of a list or sorted set of samples.
struct mirrored_sample {
  double value = 0;
  double time = 0; ///< seconds since the Unix epoch
};

/// The result of an intent.
struct mirrored_intent_result {
  std::string value; ///< the value of the intent; empty if unknown
  bool done = false;
  std::string reason;
};

caf::expected<mirrored_capabilities> read_capabilities(std::string_view json);
caf::expected<mirrored_health> read_health(std::string_view json);
caf::expected<mirrored_component> read_component(std::string_view json);
caf::expected<mirrored_provider> read_provider(std::string_view json);
caf::expected<mirrored_intent_result> read_intent_result(std::string_view json);

/// Reads `InstanceId(node_id: UUID, function_id: UUID)`.
std::optional<instance_id> read_instance(std::string_view text);

/// Reads `VALUE,TIMESTAMP`, an item of a list.
std::optional<mirrored_sample> read_sample(std::string_view text);

/// Reads `TIMESTAMP:VALUE`, a member of a sorted set of later EDGELESS.
std::optional<mirrored_sample> read_dated_sample(std::string_view text);

} // namespace edgeless
