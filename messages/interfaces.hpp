// SPDX-License-Identifier: MIT
#pragma once

#include "messages/errors.hpp"
#include "messages/telemetry.hpp"
#include "messages/type_ids.hpp"

#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

/// The architecture: who can be asked for what. Requests are imperative
/// (start, patch), facts are participles (moved, lost). Typeset by hand.
namespace edgeless {

// clang-format off

// -- on a node ----------------------------------------------------------------

/// The SINK: whoever an event can be addressed to. Nobody sends here without
/// having taken room in its inbox: see inbox.hpp.
using sink_actor = caf::typed_actor<
  // Events of one source, in order.
  caf::reacts_to<atom::deliver, events>>;

/// The INSTANCE: one running copy of a function or resource.
using instance_actor = sink_actor::extend<
  // Runs the init hook with the outputs and the last synced state ("": none).
  // It takes over from the one named, if any, who passes on what it had.
  caf::replies_to<atom::activate, output_map, std::string, instance_id>::with<atom::ok>,
  // Handles nothing from the next event on, but goes on queueing: ok when the
  // handler in hand has returned.
  caf::replies_to<atom::freeze>::with<atom::ok>,
  caf::reacts_to<atom::thaw>,
  // While frozen: passes its queue on to that one, and what still arrives;
  // ends after so many markers, or limits::hand_over.
  caf::reacts_to<atom::hand_over, endpoint, std::uint32_t>,
  // Replaces the whole output map, so that a repeated patch is harmless.
  caf::reacts_to<atom::patch, output_map>,
  // These are dead: calls to them fail now, and nothing comes from there.
  caf::reacts_to<atom::fence, fenced_sessions>,
  // Runs the stop hook, then quits; a hook or handler gets limits::stop_grace.
  caf::reacts_to<atom::stop>>;

/// The PROVIDER: makes instances of one class. The run-time for functions and
/// the provider of a resource differ only in what they make.
using provider_actor = caf::typed_actor<
  // Makes an instance that has yet to be activated, and owns it. Its NODE hears
  // who it is before the answer comes.
  caf::replies_to<atom::prepare, physical_id, component_spec>::with<atom::ok>,
  // Activates it, too: ok after its init has run.
  caf::replies_to<atom::start, physical_id, component_spec, output_map, std::string>::with<atom::ok>,
  // The instance is not wanted (anymore).
  caf::reacts_to<atom::stop, physical_id>>;

/// The COMPILER: turns modules into native code, one after the other.
using compiler_actor = caf::typed_actor<
  // Answers when the module with this code can be instantiated.
  caf::replies_to<atom::compile, code_id, std::string>::with<atom::ok>>;

/// The EGRESS: everything this node sends to others.
using egress_actor = caf::typed_actor<
  // Events for one instance there, in order.
  caf::reacts_to<atom::deliver, endpoint, events>,
  // Events for an instance on a node that has sent us something before.
  caf::reacts_to<atom::deliver, instance_id, events>,
  // A node has greeted our ingress: answers to it can go to this URL.
  caf::reacts_to<atom::greet, node_id, std::string>,
  // The session this node has now; peers are greeted with it.
  caf::reacts_to<atom::join, session_id>,
  // These are dead: what waits for them is dropped and counted.
  caf::reacts_to<atom::fence, fenced_sessions>,
  // The wire has dialled: a ingress, or nothing and why.
  caf::reacts_to<atom::dialled, std::string, caf::strong_actor_ptr, std::string>,
  caf::reacts_to<atom::tick>>;

/// The INGRESS: everything others send to this node. Reached over the wire.
using ingress_actor = caf::typed_actor<
  // Opens a link, or takes it up again: the answer is the number of the next
  // fragment that is wanted. Refuses fenced sessions and mistaken addresses.
  caf::replies_to<atom::greet, greeting>::with<std::uint64_t>,
  // The fragments of the link with this number; the answer is the number of the
  // next one wanted, and gives that much credit back.
  caf::replies_to<atom::deliver, std::uint64_t, batch>::with<std::uint64_t>,
  // From edgeless_cli: one event for one instance here.
  caf::replies_to<atom::invoke, physical_id, event>::with<atom::ok>,
  // These are dead: whoever still speaks in their name is refused.
  caf::reacts_to<atom::fence, fenced_sessions>>;

/// The TELEMETRY: collects what the instances of one node did.
using telemetry_actor = caf::typed_actor<
  caf::reacts_to<telemetry_event>,
  // From an instance: how long its last events took.
  caf::reacts_to<execution_times>,
  // The samples since those of the lot with this number, which has arrived.
  caf::replies_to<atom::drain, std::uint64_t>::with<performance_samples>>;

/// The NODE: a set of providers that lives and dies as one.
using node_actor = caf::typed_actor<
  // Makes an instance and activates it: ok after its init has run.
  caf::replies_to<atom::start, physical_id, component_spec, output_map, std::string>::with<atom::ok>,
  caf::reacts_to<atom::patch, physical_id, output_map>,
  caf::reacts_to<atom::stop, physical_id>,
  // The two halves of a start: makes an instance, which is dropped unless it
  // is activated within limits::prepared...
  caf::replies_to<atom::prepare, physical_id, component_spec>::with<atom::ok>,
  // ...and lets it take over from the instance named: ok after its init.
  caf::replies_to<atom::activate, physical_id, output_map, std::string, instance_id>::with<atom::ok>,
  // Freezes an instance; the answer is the state for its successor, or "".
  caf::replies_to<atom::freeze, physical_id>::with<std::string>,
  caf::reacts_to<atom::thaw, physical_id>,
  caf::reacts_to<atom::hand_over, physical_id, endpoint, std::uint32_t>,
  // Proof of life; the samples of the lot with this number have arrived.
  caf::replies_to<atom::keep_alive, std::uint64_t>::with<node_report>,
  // Everything that runs here.
  caf::replies_to<atom::running>::with<inventory>,
  // The last state that this instance has synced, or was started with.
  caf::replies_to<atom::state, physical_id>::with<std::string>,
  caf::reacts_to<atom::fence, fenced_sessions>,
  // From a provider: the instance that was asked for.
  caf::reacts_to<atom::prepare, physical_id, instance_actor>,
  // From an instance: it ends by itself, and why.
  caf::reacts_to<atom::exited, physical_id, std::string>,
  // From an instance: the state that a successor shall start with.
  caf::reacts_to<atom::synced, physical_id, std::string>,
  // From a provider that lacks a module.
  caf::replies_to<atom::fetch, code_id>::with<std::string>,
  caf::reacts_to<atom::dialled, std::string, caf::strong_actor_ptr, std::string>,
  caf::reacts_to<atom::tick>,
  // Stops everything here, then quits.
  caf::reacts_to<atom::stop>>;

// -- in a domain --------------------------------------------------------------

/// The LISTENER: learns where a component lives; empty: nowhere.
using listener_actor = caf::typed_actor<
  caf::reacts_to<atom::moved, logical_id, endpoint>>;

/// Where a component may start its next instance. Never leaves the process.
struct placement {
  node_id node;
  session_id session;
  std::string invocation_url;
  node_actor handle;
};

/// The COMPONENT: supervises one logical function or resource, for ever
/// trying to keep exactly one instance of it running.
using component_actor = listener_actor::extend<
  // Tells the listener at once, and then whenever this component moves.
  caf::reacts_to<atom::watch, listener_actor>,
  // A session has ended: relocate, if that was home.
  caf::reacts_to<atom::lost, session_id>,
  // The instance ended by itself: relocate, after a pause if that repeats.
  caf::reacts_to<atom::exited, physical_id, std::string>,
  // A node has brought this instance along: true if it may stay.
  caf::replies_to<atom::adopt, inventory_record, placement>::with<bool>,
  caf::replies_to<atom::inspect>::with<component_status>,
  // Its instance has synced this state; kept if its policy is Global.
  caf::reacts_to<atom::synced, physical_id, std::string>,
  // Moves there, or stays where it is: an error says why. One after the other.
  caf::replies_to<atom::migrate, placement>::with<atom::ok>,
  // Another keep-alive period has passed, or a node has joined: retry.
  caf::reacts_to<atom::tick>,
  caf::reacts_to<atom::stop>>;

/// The PROXY: mirrors the domain for whoever watches it from outside, and
/// takes intents from there.
using proxy_actor = caf::typed_actor<
  // A node is a member now, or not anymore.
  caf::reacts_to<atom::join, node_description>,
  caf::reacts_to<atom::lost, node_id>,
  // ok: there is time for the next one.
  caf::replies_to<atom::report, node_id, node_report>::with<atom::ok>,
  // A component is hosted here, lives there, is hosted no more.
  caf::reacts_to<atom::host, component_spec>,
  caf::reacts_to<atom::moved, logical_id, endpoint>,
  caf::reacts_to<atom::drop, logical_id>,
  // From INTENT LISTENER: a key was pushed, and this was its value. ok: there is room
  // for the next one.
  caf::replies_to<atom::intent, std::string, std::string>::with<atom::ok>,
  caf::reacts_to<atom::tick>,
  caf::reacts_to<atom::stop>>;

/// The INTENT LISTENER: waits for what delegated orchestrators push, for the PROXY.
using intent_listener_actor = caf::typed_actor<
  // Takes the next intent from Redis.
  caf::reacts_to<atom::retry>>;

/// The MODULE SOURCE: whoever has modules.
using module_source_actor = caf::typed_actor<
  // The part of a module that begins at this offset.
  caf::replies_to<atom::fetch, code_id, std::uint64_t>::with<code_part>>;

/// The CONTROLLER LINK: whom an orchestrator has its workflows from.
using controller_link_actor = module_source_actor::extend<
  // A node has joined this domain: what was not feasible may be now.
  caf::reacts_to<atom::joined, std::string>>;

/// The ORCHESTRATOR (ε-ORC): owns the membership of one domain. It is the
/// library of its nodes.
using orchestrator_actor = listener_actor::extend_with<module_source_actor>::extend<
  // From a node; refused while another one of that id answers.
  caf::replies_to<atom::join, node_description, node_actor, boot_id, inventory>::with<welcome>,
  // From a node: an instance ended by itself.
  caf::reacts_to<atom::exited, session_id, logical_id, physical_id, std::string>,
  // From a node: a state that shall survive it.
  caf::reacts_to<atom::synced, session_id, logical_id, physical_id, std::string>,
  // From a component: picks a node that satisfies its requirements.
  caf::replies_to<atom::place, component_spec>::with<placement>,
  // From a controller that takes this domain over; refused if the domain has
  // another id.
  caf::replies_to<atom::attach, std::string, controller_link_actor>::with<domain_description>,
  caf::replies_to<atom::describe>::with<domain_description>,
  // Per component: "" or why nobody here can host it, now.
  caf::replies_to<atom::why_not, std::vector<component_spec>>::with<std::vector<std::string>>,
  // Hosts a workflow: answers when each component runs or has failed to.
  // Hosting it again only answers.
  caf::replies_to<atom::host, workflow_id, std::vector<component_spec>>::with<std::vector<component_status>>,
  // From the controller, after it attached: what is not named here is dropped.
  caf::reacts_to<atom::hosted, std::vector<workflow_id>>,
  caf::replies_to<atom::drop, workflow_id>::with<atom::ok>,
  caf::replies_to<atom::inspect, workflow_id>::with<std::vector<component_status>>,
  // From the proxy: what was done about it; an error says why nothing was.
  caf::replies_to<atom::intent, intent>::with<std::string>,
  caf::reacts_to<atom::tick>,
  caf::reacts_to<atom::stop>>;

// -- in a cluster -------------------------------------------------------------

/// The CONTROLLER (ε-CON): maps workflows to domains. It is the controller link of its
/// orchestrators.
using controller_actor = controller_link_actor::extend<
  // The client draws the id: asking twice starts one workflow.
  caf::replies_to<atom::start, workflow_id, workflow_spec>::with<workflow_status>,
  caf::replies_to<atom::stop, workflow_id>::with<atom::ok>,
  caf::replies_to<atom::list>::with<std::vector<workflow_id>>,
  caf::replies_to<atom::inspect, workflow_id>::with<workflow_status>,
  caf::replies_to<atom::domains>::with<std::vector<domain_description>>,
  // Takes a part of a module; the answer is the offset of the next one wanted,
  // the module's size when it is complete.
  caf::replies_to<atom::upload, code_part>::with<std::uint64_t>,
  caf::reacts_to<atom::dialled, std::string, caf::strong_actor_ptr, std::string>,
  caf::reacts_to<atom::tick>,
  caf::reacts_to<atom::stop>>;

// clang-format on

} // namespace edgeless

CAF_BEGIN_TYPE_ID_BLOCK(edgeless_handles, caf::id_block::edgeless_atoms::end)

  CAF_ADD_TYPE_ID(edgeless_handles, (edgeless::node_actor))
  CAF_ADD_TYPE_ID(edgeless_handles, (edgeless::controller_link_actor))

CAF_END_TYPE_ID_BLOCK(edgeless_handles)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(edgeless::instance_actor)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(edgeless::listener_actor)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(edgeless::placement)
