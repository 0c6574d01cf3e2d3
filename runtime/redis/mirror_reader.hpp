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

/// What Redis says of a domain, read by those who look at it from outside.
/// Values may come from us or from any version of EDGELESS: fields that are not
/// known are ignored, and whatever else is wrong is an error with its sentence.
namespace edgeless {

struct mirrored_capabilities {
  node_capabilities basic;
  /// What later versions of EDGELESS add.
  struct extras {
    std::int64_t disk_tot_space = 0; ///< MiB
    std::int64_t num_gpus = 0;
    std::string model_name_gpu;
    std::int64_t mem_size_gpu = 0; ///< MiB
  };
  std::optional<extras> more;
};

struct mirrored_health {
  /// By the names in Redis; of memory in kB.
  std::map<std::string, std::int64_t, std::less<>> figures;
  /// They are those of later versions of EDGELESS: load averages, network, disk
  /// and GPU instead of CPU usage and total memory.
  bool later = false;

  /// -1 if there is no such figure.
  std::int64_t figure(std::string_view name) const;
};

/// A function or a resource, and where it lives.
struct mirrored_component {
  component_kind kind = component_kind::function;
  /// Empty where the mirror does not say.
  std::string class_id;
  /// Nil where the mirror does not say.
  workflow_id workflow;
  /// Sorted; those that EDGELESS writes for "none" are left out.
  std::vector<instance_id> instances;
};

struct mirrored_provider {
  std::string class_type;
  node_id node;
  std::vector<std::string> outputs;
};

/// Of a list or set of samples.
struct mirrored_sample {
  double value = 0;
  double time = 0; ///< seconds since the Unix epoch
};

/// What became of an intent.
struct intent_outcome {
  std::string value; ///< that of the intent; empty if unknown
  bool done = false;
  std::string reason;
};

caf::expected<mirrored_capabilities> read_capabilities(std::string_view json);
caf::expected<mirrored_health> read_health(std::string_view json);
caf::expected<mirrored_component> read_component(std::string_view json);
caf::expected<mirrored_provider> read_provider(std::string_view json);
caf::expected<intent_outcome> read_outcome(std::string_view json);

/// Reads `InstanceId(node_id: UUID, function_id: UUID)`.
std::optional<instance_id> read_instance(std::string_view text);

/// Reads `VALUE,TIMESTAMP`, an item of a list.
std::optional<mirrored_sample> read_sample(std::string_view text);

/// Reads `TIMESTAMP:VALUE`, a member of a sorted set of later EDGELESS.
std::optional<mirrored_sample> read_dated_sample(std::string_view text);

} // namespace edgeless
