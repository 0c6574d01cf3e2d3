// SPDX-License-Identifier: MIT
#pragma once

#include "messages/interfaces.hpp"

#include <caf/system_messages.hpp>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace edgeless {

class resource_relay;
struct resource_context;

/// The relays of a NODE, one for each class of resources that has one, and the
/// instances through which they send. Used by the NODE only.
class relays {
public:
  /// Spawns the instance of a relay, which the NODE shall monitor.
  instance_actor
  open(caf::actor_system& system, const resource_context& context,
       const std::string& class_type, std::shared_ptr<resource_relay> relay);

  /// A resource of the domain runs at this endpoint; an empty one: nowhere.
  void on_moved(const component_spec& x, const endpoint& at);
  void remove(const logical_id& x);
  /// Removes the resources of all other workflows.
  void keep(const std::vector<workflow_id>& workflows);

  void fence(const fenced_sessions& ended);
  /// Stops the instances: what is under way may end.
  void stop();
  void kill();
  /// True: it was one of the instances.
  bool on_down(const caf::down_msg& x);
  bool empty() const {
    return entries_.empty();
  }

private:
  struct entry {
    std::shared_ptr<resource_relay> relay;
    instance_actor instance;
    output_map outputs;
    /// The workflow of each resource.
    std::map<logical_id, workflow_id> known;
  };

  static void patch(entry& x);
  static void remove(entry& from, const logical_id& x);

  std::map<std::string, entry> entries_; ///< by class
};

} // namespace edgeless
