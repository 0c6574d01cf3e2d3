// SPDX-License-Identifier: MIT
#pragma once

/// What EDGELESS promises, one function per promise. All of them hold two
/// keep-alive periods after the last fault.
namespace edgeless::test {

class cluster;

/// A request that a client repeats is answered in the end.
void requests_are_answered(cluster& x);

/// A workflow whose start was confirmed is never forgotten, and one whose stop
/// was confirmed never comes back. This holds at any time while there is a
/// controller.
void answered_requests_are_durable(cluster& x);

/// A component that a node can host runs exactly once, and on the node that its
/// status names; one that no node can host runs nowhere.
void components_run_exactly_once(cluster& x);

/// No instance runs whose workflow was stopped.
void stopped_workflows_leave_no_instances(cluster& x);

/// The mirror in Redis names the node of each component.
void mirror_shows_placements(cluster& x);

/// A cast crosses a chain of functions, and each of them handles it once.
void casts_cross_a_chain(cluster& x);

/// A call is answered once.
void calls_are_answered(cluster& x);

/// A channel that delivers at least once loses no event while its sender lives.
/// Without destructive faults and lost sessions it loses none of former
/// instances either, and duplicates none unless one of its ends has crashed.
void at_least_once_streams_are_complete(cluster& x);

/// Each event that was sent was handled, or was dropped and counted. Without
/// destructive faults none counts twice, but for those that a lost session
/// leaves in doubt.
void events_are_accounted_for(cluster& x);

/// No node delivers an event of a session that it has fenced.
void fenced_sessions_are_not_heard(cluster& x);

/// No event of a channel is delivered twice, unless the channel is declared to
/// deliver at least once.
void events_are_not_duplicated(cluster& x);

/// Without destructive faults, the events of a channel arrive in order; and all
/// of them, unless a session was lost.
void streams_keep_their_order(cluster& x);

/// All of the above.
void check_invariants(cluster& x);

/// The statuses of the components of all workflows.
std::vector<component_status> components_of(cluster& x);

} // namespace edgeless::test
