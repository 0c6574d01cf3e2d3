// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/metrics/domain_counters.hpp"

#include "messages/interfaces.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <vector>

namespace edgeless {

/// The COMPONENTs of a domain and the routes to them. A COMPONENT owns its
/// placement; the registry has what it last announced, and an index by session:
/// the loss of a node finds the components there without a search. Sends no
/// messages.
class component_registry {
public:
  struct entry {
    component_actor handle;
    component_spec spec;
    /// Where it runs or is being started; nil while it is pending.
    session_id session;
    /// The running instance; nil while none runs.
    physical_id instance;
    /// Other sessions whose loss concerns it: targets of migrations, one for
    /// each, and nodes that have brought one of its instances along.
    std::vector<session_id> others{};
    bool has_run = false;
    bool has_reported = false; ///< that it runs, or that its start has failed
  };

  explicit component_registry(std::shared_ptr<domain_counters> counts)
    : counts_{std::move(counts)} {
    // nop
  }

  entry& add(const component_spec& spec, component_actor handle);
  void remove(const logical_id& id);

  /// Null if it is unknown.
  entry* find(const logical_id& id);

  const std::map<logical_id, entry>& all() const {
    return entries_;
  }

  /// The components without a running instance.
  const std::set<logical_id>& unplaced() const {
    return unplaced_;
  }

  /// An instance is being started in that session, or runs there.
  void assign(const logical_id& id, const session_id& session);

  /// The loss of that session concerns the component, too; once more for each
  /// call.
  void expect(const logical_id& id, const session_id& session);
  /// Takes one expect() back.
  void withdraw_expected(const logical_id& id, const session_id& session);

  /// The component has announced its endpoint; empty: none runs.
  void on_moved(const logical_id& id, const endpoint& at);

  /// A session has ended: the components that are concerned.
  std::set<logical_id> take(const session_id& session);

  /// The components that run or are being started in that session.
  std::vector<logical_id> assigned_to(const session_id& session) const;

  /// The digest of the instances that run in that session.
  std::uint64_t digest_of(const session_id& session) const;

private:
  void reindex(const logical_id& id, const session_id& session);

  std::shared_ptr<domain_counters> counts_;
  std::map<logical_id, entry> entries_;
  /// The components with that session, as `session` or among `others`.
  std::map<session_id, std::set<logical_id>> by_session_;
  std::set<logical_id> unplaced_;
};

} // namespace edgeless
