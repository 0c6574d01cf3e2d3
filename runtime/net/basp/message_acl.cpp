// SPDX-License-Identifier: MIT
#include "runtime/net/basp/message_layout.hpp"
#include "runtime/net/transport.hpp"

#include "messages/limits.hpp"

namespace edgeless {

namespace {

/// The request and the response of a handler.
struct exchange {
  acl_entry request;
  acl_entry response;
};

/// The size limit of messages without containers.
constexpr std::uint32_t brief = 1u << 10;

template <class... Ts>
std::vector<std::string> wire_names() {
  return {wire_name<Ts>()...};
}

// Finds the response types of the handler for In... in an interface. A request
// that the interface does not have does not compile.
template <class Signature, class... In>
struct matches {
  static constexpr bool found = false;
};

template <class... Out, class... In>
struct matches<
  caf::typed_mpi<caf::detail::type_list<In...>, caf::output_tuple<Out...>>,
  In...> {
  static constexpr bool found = true;

  static std::vector<std::string> names() {
    if constexpr ((std::is_void_v<Out> || ...))
      return {};
    else
      return wire_names<Out...>();
  }
};

template <class Actor, class... In>
struct handler;

template <class... Signatures, class... In>
struct handler<caf::typed_actor<Signatures...>, In...> {
  static_assert((matches<Signatures, In...>::found || ...),
                "the interface has no such handler");

  static std::vector<std::string> response() {
    std::vector<std::string> result;
    auto add = [&]<class S>(std::type_identity<matches<S, In...>>) {
      if constexpr (matches<S, In...>::found)
        result = matches<S, In...>::names();
    };
    (add(std::type_identity<matches<Signatures, In...>>{}), ...);
    return result;
  }
};

template <class Actor, class Atom, class... In>
exchange ask(std::uint32_t max_request, std::uint32_t max_response) {
  exchange result;
  result.request = {caf::to_string(caf::atom_value{Atom::value}),
                    wire_names<In...>(), max_request};
  result.response = {"", handler<Actor, Atom, In...>::response(), max_response};
  return result;
}

using exchanges = std::vector<exchange>;
using component_specs = std::vector<component_spec>;

exchanges requests_to_controller() {
  using actor = controller_actor;
  constexpr auto frame = limits::frame;
  return {
    ask<actor, atom::start, workflow_id, workflow_spec, if_infeasible>(frame,
                                                                       frame),
    ask<actor, atom::stop, workflow_id>(brief, brief),
    ask<actor, atom::migrate, workflow_id, std::string>(brief, frame),
    ask<actor, atom::list>(brief, frame),
    ask<actor, atom::inspect, workflow_id>(brief, frame),
    ask<actor, atom::domains>(brief, frame),
    ask<actor, atom::upload, code_part>(frame, brief),
  };
}

exchanges requests_to_controller_link() {
  return {
    ask<controller_link_actor, atom::fetch, code_id, std::uint64_t>(
      brief, limits::frame),
    ask<controller_link_actor, atom::joined, std::string>(brief, brief),
  };
}

exchanges controller_requests_to_orchestrator() {
  using actor = orchestrator_actor;
  constexpr auto frame = limits::frame;
  return {
    ask<actor, atom::attach, std::string, controller_link_actor>(
      limits::frame_with_error, frame),
    ask<actor, atom::describe>(brief, frame),
    ask<actor, atom::why_not, component_specs>(frame, frame),
    ask<actor, atom::host, workflow_id, component_specs>(frame, frame),
    ask<actor, atom::hosted, std::vector<workflow_id>>(frame, brief),
    ask<actor, atom::drop, workflow_id>(brief, brief),
    ask<actor, atom::inspect, workflow_id>(brief, frame),
  };
}

exchanges node_requests_to_orchestrator() {
  using actor = orchestrator_actor;
  constexpr auto frame = limits::frame;
  return {
    // A join has the inventory of all instances of the node.
    ask<actor, atom::join, node_description, node_actor, boot_id, inventory>(
      frame, frame),
    ask<actor, atom::exited, session_id, logical_id, physical_id, std::string>(
      limits::frame_with_error, brief),
    ask<actor, atom::synced, session_id, logical_id, physical_id, std::string>(
      frame, brief),
    ask<actor, atom::fetch, code_id, std::uint64_t>(brief, frame),
  };
}

exchanges requests_to_node() {
  using actor = node_actor;
  constexpr auto frame = limits::frame;
  return {
    ask<actor, atom::start, physical_id, component_spec, output_map,
        std::string>(frame, brief),
    ask<actor, atom::patch, physical_id, output_map>(frame, brief),
    ask<actor, atom::stop, physical_id>(brief, brief),
    ask<actor, atom::prepare, physical_id, component_spec>(frame, brief),
    ask<actor, atom::activate, physical_id, output_map, std::string,
        instance_id>(frame, brief),
    ask<actor, atom::freeze, physical_id>(brief, frame),
    ask<actor, atom::state, physical_id, std::uint64_t>(brief, frame),
    ask<actor, atom::state, physical_id, state_part>(frame, brief),
    ask<actor, atom::thaw, physical_id>(brief, brief),
    ask<actor, atom::hand_over, physical_id, endpoint, std::uint32_t>(brief,
                                                                      brief),
    ask<actor, atom::keep_alive, std::uint64_t>(brief, frame),
    ask<actor, atom::running>(brief, frame),
    ask<actor, atom::state, physical_id>(brief, frame),
    ask<actor, atom::fence, fenced_sessions>(frame, brief),
    ask<actor, atom::moved, component_spec, endpoint>(frame, brief),
    ask<actor, atom::drop, logical_id>(brief, brief),
    ask<actor, atom::hosted, std::vector<workflow_id>>(frame, brief),
  };
}

exchanges node_requests_to_ingress() {
  constexpr auto frame = limits::frame;
  return {
    ask<ingress_actor, atom::greet, greeting>(frame, brief),
    ask<ingress_actor, atom::deliver, std::uint64_t, batch>(frame, brief),
  };
}

exchanges client_requests_to_ingress() {
  return {
    ask<ingress_actor, atom::invoke, physical_id, event>(limits::frame, brief),
  };
}

/// The requests of a process in the role `from` to one in the role `to`.
exchanges requests(peer_role from, peer_role to) {
  using enum peer_role;
  if (from == client && to == controller)
    return requests_to_controller();
  if (from == client && to == node)
    return client_requests_to_ingress();
  if (from == controller && to == orchestrator)
    return controller_requests_to_orchestrator();
  if (from == orchestrator && to == controller)
    return requests_to_controller_link();
  if (from == node && to == orchestrator)
    return node_requests_to_orchestrator();
  if (from == orchestrator && to == node)
    return requests_to_node();
  if (from == node && to == node)
    return node_requests_to_ingress();
  return {};
}

} // namespace

message_acl_list message_acl(peer_role from, peer_role to) {
  message_acl_list result;
  for (auto& x : requests(from, to)) {
    x.request.has_response = !x.response.types.empty();
    result.push_back(std::move(x.request));
  }
  for (auto& x : requests(to, from))
    if (!x.response.types.empty())
      result.push_back(std::move(x.response));
  return result;
}

} // namespace edgeless
