// SPDX-License-Identifier: MIT
#pragma once

#include "messages/errors.hpp"
#include "messages/telemetry.hpp"
#include "messages/type_ids.hpp"

#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

/// The architecture: every typed actor interface, one sentence per handler.
/// Requests are imperative (start, patch), facts are participles (moved, lost).
/// Every request to these actors is made with a timeout.
namespace edgeless {

// clang-format off

// -- on a node ----------------------------------------------------------------

/// The SINK: an actor with an inbox for events. A sender first takes credit for
/// each event: see instance_registry.hpp.
using sink_actor = caf::typed_actor<
  // Events for this instance; those of one source are in order.
  caf::reacts_to<atom::deliver, events>>;

/// The INSTANCE: one running copy of a function or resource.
using instance_actor = sink_actor::extend<
  // Runs the init hook with the output map and the last synced state ("": none).
  // The id names the predecessor that will forward its queue; nil: none.
  caf::replies_to<atom::activate, output_map, std::string, instance_id>::with<atom::ok>,
  // Stops handling events, but goes on queueing: ok when the running handler has
  // returned.
  caf::replies_to<atom::freeze>::with<atom::ok>,
  // Continues to handle events.
  caf::reacts_to<atom::thaw>,
  // While frozen: forwards the queue, and what still arrives, to the successor
  // at this endpoint; ends after this many channel markers, or limits::hand_over.
  caf::reacts_to<atom::hand_over, endpoint, std::uint32_t>,
  // Replaces the whole output map, unless its revision is older.
  caf::reacts_to<atom::patch, output_map>,
  // These sessions have ended: pending calls to their nodes fail now, and no
  // marker will arrive from them.
  caf::reacts_to<atom::fence, fenced_sessions>,
  // Runs the stop hook, then quits; the running handler, and then the hook, get
  // limits::stop_grace each.
  caf::reacts_to<atom::stop>>;

/// The PROVIDER: makes instances of one class, on one node: of functions, or of
/// one type of resource.
using provider_actor = caf::typed_actor<
  // Makes an instance, which is activated later. The NODE gets the handle of the
  // instance (atom::prepare) before the answer.
  caf::replies_to<atom::prepare, physical_id, component_spec>::with<atom::ok>,
  // Makes and activates an instance: ok after its init hook has run.
  caf::replies_to<atom::start, physical_id, component_spec, output_map, std::string>::with<atom::ok>,
  // Stops the instance, or cancels making it.
  caf::reacts_to<atom::stop, physical_id>>;

/// The COMPILER: translates modules to native code, one after the other.
using compiler_actor = caf::typed_actor<
  // Translates the module with this code id: ok when it can be instantiated.
  // An empty one: loads what was translated before, or ec::unknown_code.
  caf::replies_to<atom::compile, code_id, std::string>::with<atom::ok>>;

/// The EGRESS: sends the events of this node to other nodes.
using egress_actor = caf::typed_actor<
  // Events for one instance on another node, in order.
  caf::reacts_to<atom::deliver, endpoint, events>,
  // Events for an instance on a node whose URL is known from its greeting.
  caf::reacts_to<atom::deliver, instance_id, events>,
  // A node has greeted the INGRESS: answers to it can go to this URL.
  caf::reacts_to<atom::greet, node_id, std::string>,
  // The current session of this node; peers are greeted with it.
  caf::reacts_to<atom::join, session_id>,
  // These sessions have ended: the events that wait for them are dropped.
  caf::reacts_to<atom::fence, fenced_sessions>,
  // The transport has dialled this URL: the INGRESS there, or null and a reason.
  caf::reacts_to<atom::dialled, std::string, caf::strong_actor_ptr, std::string>,
  caf::reacts_to<atom::tick>>;

/// The INGRESS: receives the events that other nodes send to this one.
using ingress_actor = caf::typed_actor<
  // Opens or resumes a peer connection: the answer is the number of the next
  // fragment expected. Refuses fenced sessions, and greetings to other nodes.
  caf::replies_to<atom::greet, greeting>::with<std::uint64_t>,
  // Fragments of the peer connection with this id; the answer acknowledges all
  // fragments before the number it names, which is expected next.
  caf::replies_to<atom::deliver, std::uint64_t, batch>::with<std::uint64_t>,
  // From edgeless_cli: one event for one instance on this node.
  caf::replies_to<atom::invoke, physical_id, event>::with<atom::ok>,
  // These sessions have ended: everything sent in them is refused.
  caf::reacts_to<atom::fence, fenced_sessions>>;

/// The TELEMETRY: logs what the instances of one node report, and keeps their
/// performance samples.
using telemetry_actor = caf::typed_actor<
  // From an instance: a step of its life cycle, or a log line.
  caf::reacts_to<telemetry_event>,
  // From an instance: how long its last events took.
  caf::reacts_to<execution_times>,
  // The samples since the set with this number, which is acknowledged.
  caf::replies_to<atom::drain, std::uint64_t>::with<performance_samples>>;

/// The NODE: a set of providers that starts and fails as one.
using node_actor = caf::typed_actor<
  // Makes and activates an instance: ok after its init hook has run.
  caf::replies_to<atom::start, physical_id, component_spec, output_map, std::string>::with<atom::ok>,
  // Replaces the output map of an instance.
  caf::reacts_to<atom::patch, physical_id, output_map>,
  // Stops an instance.
  caf::reacts_to<atom::stop, physical_id>,
  // The target of a migration, step 1: makes an instance, which is stopped unless
  // it is activated within limits::prepared.
  caf::replies_to<atom::prepare, physical_id, component_spec>::with<atom::ok>,
  // Step 2: activates it as the successor of the instance named: ok after init.
  caf::replies_to<atom::activate, physical_id, output_map, std::string, instance_id>::with<atom::ok>,
  // The source of a migration, step 1: freezes an instance; the answer is the
  // first part of the state for its successor.
  caf::replies_to<atom::freeze, physical_id>::with<state_part>,
  // The part of the state of a frozen instance that begins at this offset.
  caf::replies_to<atom::state, physical_id, std::uint64_t>::with<state_part>,
  // A part of the state with which a prepared instance will be activated. The
  // last part comes with the activation.
  caf::replies_to<atom::state, physical_id, state_part>::with<atom::ok>,
  // The migration is cancelled: the instance continues.
  caf::reacts_to<atom::thaw, physical_id>,
  // Step 2: the instance forwards everything to its successor, then ends.
  caf::reacts_to<atom::hand_over, physical_id, endpoint, std::uint32_t>,
  // The keep-alive; the samples of the set with this number are acknowledged.
  caf::replies_to<atom::keep_alive, std::uint64_t>::with<node_report>,
  // The inventory: all instances that run on this node.
  caf::replies_to<atom::running>::with<inventory>,
  // The last state that this instance has synced, or was started with.
  caf::replies_to<atom::state, physical_id>::with<std::string>,
  // A resource that this node may send to runs at this endpoint now; an empty
  // one: it is unplaced. See resource_relay.
  caf::reacts_to<atom::moved, component_spec, endpoint>,
  // That resource is gone.
  caf::reacts_to<atom::drop, logical_id>,
  // Those of all other workflows are gone.
  caf::reacts_to<atom::hosted, std::vector<workflow_id>>,
  // These sessions have ended; forwarded to EGRESS, INGRESS and all instances.
  caf::reacts_to<atom::fence, fenced_sessions>,
  // From a provider: the handle of the instance that was requested.
  caf::reacts_to<atom::prepare, physical_id, instance_actor>,
  // From an instance: it ends by itself, for this reason.
  caf::reacts_to<atom::exited, physical_id, std::string>,
  // From an instance: it has synced a state, with which the next instance shall
  // start; the NODE takes the newest one.
  caf::reacts_to<atom::synced, physical_id>,
  // From a provider: fetches a module from the orchestrator.
  caf::replies_to<atom::fetch, code_id>::with<std::string>,
  // The transport has dialled the orchestrator: it, or null and a reason.
  caf::reacts_to<atom::dialled, std::string, caf::strong_actor_ptr, std::string>,
  caf::reacts_to<atom::tick>,
  // Stops all instances, then quits.
  caf::reacts_to<atom::stop>>;

// -- in a domain --------------------------------------------------------------

/// The LISTENER: is told where a component is placed.
using listener_actor = caf::typed_actor<
  // The component runs at this endpoint now; an empty one: it is unplaced.
  caf::reacts_to<atom::moved, logical_id, endpoint>>;

/// A node on which a component may start its next instance. Never serialized.
struct placement {
  node_id node;
  session_id session;
  std::string invocation_url;
  node_actor handle;
};

/// The COMPONENT: supervises one logical function or resource: keeps exactly one
/// instance of it running, and retries for ever.
using component_actor = listener_actor::extend<
  // Adds a listener: it is told the endpoint now and at each change.
  caf::reacts_to<atom::watch, listener_actor>,
  // A session has ended: if the instance was placed in it, places it again.
  caf::reacts_to<atom::lost, session_id>,
  // The instance ended by itself: places it again, with back-off if that repeats.
  caf::reacts_to<atom::exited, physical_id, std::string>,
  // A node has joined with this instance: true if the component keeps it.
  caf::replies_to<atom::adopt, inventory_record, placement>::with<bool>,
  caf::replies_to<atom::inspect>::with<component_status>,
  // The instance has synced this state; kept if the state policy is Global.
  caf::reacts_to<atom::synced, physical_id, std::string>,
  // Migrates the instance to this node. On an error it stays where it is.
  // Migrations are queued.
  caf::replies_to<atom::migrate, placement>::with<atom::ok>,
  // A keep-alive interval has passed, or a node has joined: retries placement.
  caf::reacts_to<atom::tick>,
  caf::reacts_to<atom::stop>>;

/// The PROXY: mirrors the domain to Redis, and executes intents from there.
using proxy_actor = caf::typed_actor<
  // A node has become a member, or is one no longer.
  caf::reacts_to<atom::join, node_description>,
  caf::reacts_to<atom::lost, node_id>,
  // A node has answered a keep-alive; ok: the next report may be sent.
  caf::replies_to<atom::report, node_id, node_report>::with<atom::ok>,
  // A component is hosted by this domain, runs at this endpoint, is dropped.
  caf::reacts_to<atom::host, component_spec>,
  caf::reacts_to<atom::moved, logical_id, endpoint>,
  caf::reacts_to<atom::drop, logical_id>,
  // From the INTENT LISTENER: an intent's key and value. ok: the next may be sent.
  caf::replies_to<atom::intent, std::string, std::string>::with<atom::ok>,
  caf::reacts_to<atom::tick>,
  caf::reacts_to<atom::stop>>;

/// The INTENT LISTENER: waits for intents in Redis, on behalf of the PROXY.
using intent_listener_actor = caf::typed_actor<
  // Waits for the next intent, for at most limits::intent_wait.
  caf::reacts_to<atom::retry>>;

/// The MODULE SOURCE: an actor that hands out modules.
using module_source_actor = caf::typed_actor<
  // The part of a module that begins at this offset.
  caf::replies_to<atom::fetch, code_id, std::uint64_t>::with<code_part>>;

/// The CONTROLLER LINK: the controller, as its orchestrators see it.
using controller_link_actor = module_source_actor::extend<
  // A node has joined this domain: pending workflows may be feasible now.
  caf::reacts_to<atom::joined, std::string>>;

/// The ORCHESTRATOR (ε-ORC): owns the membership of one domain, and is the
/// module source of its nodes.
using orchestrator_actor = listener_actor::extend_with<module_source_actor>::extend<
  // From a node: becomes a member; refused while another node with its id answers.
  caf::replies_to<atom::join, node_description, node_actor, boot_id, inventory>::with<welcome>,
  // From a node: an instance has ended by itself.
  caf::reacts_to<atom::exited, session_id, logical_id, physical_id, std::string>,
  // From a node: a synced state that shall survive the node.
  caf::reacts_to<atom::synced, session_id, logical_id, physical_id, std::string>,
  // From a component: picks a node that satisfies its requirements.
  caf::replies_to<atom::place, component_spec>::with<placement>,
  // From a controller: takes this domain over; refused if its id differs.
  caf::replies_to<atom::attach, std::string, controller_link_actor>::with<domain_description>,
  caf::replies_to<atom::describe>::with<domain_description>,
  // What keeps the nodes of this domain from hosting these components.
  caf::replies_to<atom::why_not, std::vector<component_spec>>::with<obstacles>,
  // Hosts a workflow: answers when each component runs or has failed to start.
  // Repeating it changes nothing.
  caf::replies_to<atom::host, workflow_id, std::vector<component_spec>>::with<std::vector<component_status>>,
  // From the controller, after it has attached: all other workflows are dropped.
  caf::reacts_to<atom::hosted, std::vector<workflow_id>>,
  caf::replies_to<atom::drop, workflow_id>::with<atom::ok>,
  caf::replies_to<atom::inspect, workflow_id>::with<std::vector<component_status>>,
  // From the PROXY: executes an intent; the answer is the outcome for operators.
  caf::replies_to<atom::intent, intent>::with<std::string>,
  caf::reacts_to<atom::tick>,
  caf::reacts_to<atom::stop>>;

// -- in a cluster -------------------------------------------------------------

/// The CONTROLLER (ε-CON): maps workflows to domains.
using controller_actor = controller_link_actor::extend<
  // Starts a workflow. The client draws the id: a repetition starts no second one.
  // A workflow that only lacks nodes at present is accepted as pending.
  caf::replies_to<atom::start, workflow_id, workflow_spec, if_infeasible>::with<workflow_status>,
  caf::replies_to<atom::stop, workflow_id>::with<atom::ok>,
  // Stops the workflow in its domain and starts it in this one.
  caf::replies_to<atom::migrate, workflow_id, std::string>::with<workflow_status>,
  caf::replies_to<atom::list>::with<std::vector<workflow_id>>,
  caf::replies_to<atom::inspect, workflow_id>::with<workflow_status>,
  caf::replies_to<atom::domains>::with<std::vector<domain_description>>,
  // Stores a part of a module; the answer is the offset of the next part wanted,
  // or the module's size when it is complete.
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
