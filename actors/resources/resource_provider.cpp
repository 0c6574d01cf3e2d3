// SPDX-License-Identifier: MIT
#include "actors/resources/resource_provider.hpp"

#include <caf/send.hpp>

namespace edgeless {

provider_actor::behavior_type resource_provider(provider_actor::pointer self,
                                                resource_context context,
                                                resource_maker make) {
  auto add = [=](const physical_id& id, const component_spec& spec) {
    auto made = caf::actor_cast<instance_actor>(
      spawn_resource(self->system(), context, id, spec, make(spec)));
    self->send(context.node, atom::prepare_v, id, made);
    return made;
  };
  return {
    [add](atom::prepare, const physical_id& id, const component_spec& spec) {
      add(id, spec);
      return atom::ok_v;
    },
    [self, add](atom::start, const physical_id& id, const component_spec& spec,
                const output_map& outputs, const std::string& state) {
      return self->delegate(add(id, spec), atom::activate_v, outputs, state,
                            instance_id{});
    },
    [context](atom::stop, const physical_id& id) {
      // The node that asked for the instance is gone: stop it.
      if (auto made = context.registry->find(id))
        caf::anon_send(caf::actor_cast<instance_actor>(made->sink),
                       atom::stop_v);
    },
  };
}

} // namespace edgeless
