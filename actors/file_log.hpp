// SPDX-License-Identifier: MIT
#pragma once

#include "actors/neighbourhood.hpp"
#include "actors/outbox.hpp"

#include "runtime/append_file.hpp"

#include <memory>
#include <optional>

namespace edgeless {

/// What the instances of resources need from their node.
struct resource_house {
  neighbourhood_ptr hood;
  links_actor links;
};

/// An instance of `file-log`: appends a line per event to the file named by
/// its configuration `filename`; `add-timestamp` and `add-source-id` put the
/// time and the source before it. Spawned by its PROVIDER.
struct file_log_state {
  using pointer = instance_actor::stateful_pointer<file_log_state>;
  static inline constexpr const char* name = "file_log";

  explicit file_log_state(pointer self);

  caf::result<atom::ok> activate();
  void write(const events& batch);
  std::string line_of(const event& x) const;
  void complain(const caf::error& reason);
  void stop();

  pointer self;
  physical_id id;
  component_spec spec;
  neighbourhood_ptr hood;
  quota_ptr room;
  std::unique_ptr<outbox> answers;
  std::optional<append_file> file;
  caf::actor_clock::time_point next_complaint;
};

instance_actor::behavior_type file_log(file_log_state::pointer self,
                                       physical_id id, component_spec spec,
                                       resource_house house, quota_ptr room);

/// The PROVIDER of `file-log` resources. Spawned by the NODE.
provider_actor::behavior_type file_log_provider(provider_actor::pointer self,
                                                resource_house house);

} // namespace edgeless
