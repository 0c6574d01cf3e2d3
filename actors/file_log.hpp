// SPDX-License-Identifier: MIT
#pragma once

#include "actors/intake.hpp"

#include "runtime/append_file.hpp"

#include <memory>
#include <optional>

namespace edgeless {

/// What the instances of resources need from their node.
struct resource_house {
  neighbourhood_ptr hood;
  links_actor links;
};

/// An INSTANCE of `file-log`, and what it says to itself.
using file_log_actor = instance_actor::extend<
  // Sources are held for as long as may be.
  caf::reacts_to<atom::tick>,
  // What still arrives has been passed on for long enough.
  caf::reacts_to<atom::hand_over>,
  // What was under way when it stopped has arrived.
  caf::reacts_to<atom::proceed>>;

/// An instance of `file-log`: appends a line per event to the file named by
/// its configuration `filename`; `add-timestamp` and `add-source-id` put the
/// time and the source before it. Spawned by its PROVIDER.
struct file_log_state {
  using pointer = file_log_actor::stateful_pointer<file_log_state>;
  static inline constexpr const char* name = "file_log";

  explicit file_log_state(pointer self);
  /// Whoever ends it, what it had is counted.
  ~file_log_state();

  caf::result<atom::ok> activate();
  void receive(events batch);
  void proceed();
  void write();
  caf::result<atom::ok> freeze();
  void thaw();
  void hand_over(const endpoint& to, std::uint32_t feeders);
  void watch_holds();
  std::string line_of(const event& x) const;
  void complain(const caf::error& reason);
  void stop();
  void leave();

  pointer self;
  physical_id id;
  component_spec spec;
  neighbourhood_ptr hood;
  quota_ptr room;
  std::unique_ptr<outbox> answers;
  std::unique_ptr<intake> inbox;
  bool frozen = false;
  bool over = false;
  bool watching_holds = false;
  std::optional<append_file> file;
  caf::actor_clock::time_point next_complaint;
};

file_log_actor::behavior_type file_log(file_log_state::pointer self,
                                       physical_id id, component_spec spec,
                                       resource_house house, quota_ptr room);

/// The PROVIDER of `file-log` resources. Spawned by the NODE.
provider_actor::behavior_type file_log_provider(provider_actor::pointer self,
                                                resource_house house);

} // namespace edgeless
