// SPDX-License-Identifier: MIT
#include "runtime/net/basp/message_layout.hpp"
#include "runtime/net/transport.hpp"

#include "messages/limits.hpp"

namespace edgeless {

namespace {

/// What a handler of an interface takes, and what it answers.
struct verb {
  acl_entry request;
  acl_entry answer;
};

/// Requests without containers.
constexpr std::uint32_t brief = 1u << 10;

template <class... Ts>
std::vector<std::string> peer_identities() {
  return {wire_name<Ts>()...};
}

// The handler that takes In..., found in the interface itself: what is not
// there does not compile.
template <class Signature, class... In>
struct answers {
  static constexpr bool found = false;
};

template <class... Out, class... In>
struct answers<
  caf::typed_mpi<caf::detail::type_list<In...>, caf::output_tuple<Out...>>,
  In...> {
  static constexpr bool found = true;

  static std::vector<std::string> names() {
    if constexpr ((std::is_void_v<Out> || ...))
      return {};
    else
      return peer_identities<Out...>();
  }
};

template <class Actor, class... In>
struct handler;

template <class... Signatures, class... In>
struct handler<caf::typed_actor<Signatures...>, In...> {
  static_assert((answers<Signatures, In...>::found || ...),
                "the interface has no such handler");

  static std::vector<std::string> answer() {
    std::vector<std::string> result;
    auto look = [&]<class S>(std::type_identity<answers<S, In...>>) {
      if constexpr (answers<S, In...>::found)
        result = answers<S, In...>::names();
    };
    (look(std::type_identity<answers<Signatures, In...>>{}), ...);
    return result;
  }
};

template <class Actor, class Atom, class... In>
verb ask(std::uint32_t max_request, std::uint32_t max_answer) {
  verb result;
  result.request = {caf::to_string(caf::atom_value{Atom::value}),
                    peer_identities<In...>(), max_request};
  result.answer = {"", handler<Actor, Atom, In...>::answer(), max_answer};
  return result;
}

using verbs = std::vector<verb>;
using component_specs = std::vector<component_spec>;

verbs asked_of_controller() {
  using actor = controller_actor;
  constexpr auto frame = limits::frame;
  return {
    ask<actor, atom::start, workflow_id, workflow_spec>(frame, frame),
    ask<actor, atom::stop, workflow_id>(brief, brief),
    ask<actor, atom::list>(brief, frame),
    ask<actor, atom::inspect, workflow_id>(brief, frame),
    ask<actor, atom::domains>(brief, frame),
    ask<actor, atom::upload, code_part>(frame, brief),
  };
}

verbs asked_of_patron() {
  return {
    ask<controller_link_actor, atom::fetch, code_id, std::uint64_t>(
      brief, limits::frame),
    ask<controller_link_actor, atom::joined, std::string>(brief, brief),
  };
}

verbs asked_of_orchestrator_by_controller() {
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

verbs asked_of_orchestrator_by_node() {
  using actor = orchestrator_actor;
  constexpr auto frame = limits::frame;
  return {
    // A node brings the inventory of all its instances along.
    ask<actor, atom::join, node_description, node_actor, boot_id, inventory>(
      frame, frame),
    ask<actor, atom::exited, session_id, logical_id, physical_id, std::string>(
      limits::frame_with_error, brief),
    ask<actor, atom::synced, session_id, logical_id, physical_id, std::string>(
      frame, brief),
    ask<actor, atom::fetch, code_id, std::uint64_t>(brief, frame),
  };
}

verbs asked_of_node_by_orchestrator() {
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
    ask<actor, atom::thaw, physical_id>(brief, brief),
    ask<actor, atom::hand_over, physical_id, endpoint, std::uint32_t>(brief,
                                                                      brief),
    ask<actor, atom::keep_alive, std::uint64_t>(brief, frame),
    ask<actor, atom::running>(brief, frame),
    ask<actor, atom::state, physical_id>(brief, frame),
    ask<actor, atom::fence, fenced_sessions>(frame, brief),
  };
}

verbs asked_of_gate_by_node() {
  constexpr auto frame = limits::frame;
  return {
    ask<ingress_actor, atom::greet, greeting>(frame, brief),
    ask<ingress_actor, atom::deliver, std::uint64_t, batch>(frame, brief),
  };
}

verbs asked_of_gate_by_client() {
  return {
    ask<ingress_actor, atom::invoke, physical_id, event>(limits::frame, brief),
  };
}

/// What a process in the role of `from` asks of one in the role of `to`.
verbs asked(peer_role from, peer_role to) {
  using enum peer_role;
  if (from == client && to == controller)
    return asked_of_controller();
  if (from == client && to == node)
    return asked_of_gate_by_client();
  if (from == controller && to == orchestrator)
    return asked_of_orchestrator_by_controller();
  if (from == orchestrator && to == controller)
    return asked_of_patron();
  if (from == node && to == orchestrator)
    return asked_of_orchestrator_by_node();
  if (from == orchestrator && to == node)
    return asked_of_node_by_orchestrator();
  if (from == node && to == node)
    return asked_of_gate_by_node();
  return {};
}

} // namespace

message_acl_list message_acl(peer_role from, peer_role to) {
  message_acl_list result;
  for (auto& x : asked(from, to)) {
    x.request.answered = !x.answer.types.empty();
    result.push_back(std::move(x.request));
  }
  for (auto& x : asked(to, from))
    if (!x.answer.types.empty())
      result.push_back(std::move(x.answer));
  return result;
}

} // namespace edgeless
