// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/config/workflow_store.hpp"
#include "runtime/modules/module_store.hpp"

#include "messages/ids.hpp"
#include "messages/limits.hpp"
#include "messages/workflow.hpp"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace edgeless {

/// The workflows that a controller has accepted, their domains and their
/// modules. With a store, they survive the process: what was accepted is saved
/// before it is answered. For one thread.
class workflow_table {
public:
  struct workflow {
    workflow_spec spec;
    std::vector<component_spec> components;
    std::string domain; ///< empty while pending
    /// Why it is pending, one line for each domain.
    std::vector<std::string> reasons;
  };

  /// `store` may be null: then nothing survives the process.
  workflow_table(std::shared_ptr<workflow_store> store, random_source random)
    : store_{std::move(store)}, random_{std::move(random)} {
    // nop
  }

  /// A workflow that the store has loaded; pending without a domain.
  void restore(stored_workflow x);

  /// Checks a workflow, draws the ids of its components and saves it; it is
  /// pending from then on. All faults are reported together.
  caf::error accept(const workflow_id& id, const workflow_spec& spec);

  /// From now on it is hosted there.
  void assign(const workflow_id& id, const std::string& domain);

  /// Removes it for good: the store refuses its id from then on.
  caf::error remove(const workflow_id& id);

  /// Null if it is unknown.
  workflow* find(const workflow_id& id);

  const std::map<workflow_id, workflow>& all() const {
    return all_;
  }

  /// The workflows without a domain.
  const std::set<workflow_id>& pending() const {
    return pending_;
  }

  /// The status without the help of a domain; of an unknown workflow only the
  /// id.
  workflow_status status(const workflow_id& id) const;

  // -- modules ----------------------------------------------------------------

  /// Adds a part of a module. When there is no room, modules that no workflow
  /// needs make room.
  caf::expected<std::uint64_t> upload(const code_part& x);

  /// The part of a complete module that begins at `offset`.
  caf::expected<code_part> part(const code_id& id, std::uint64_t offset);

private:
  bool load(const code_id& id);
  caf::error check(const workflow_spec& spec);
  std::vector<component_spec> identify(const workflow_id& id,
                                       const workflow_spec& spec) const;
  caf::error save(const stored_workflow& x);

  std::shared_ptr<workflow_store> store_;
  random_source random_;
  std::map<workflow_id, workflow> all_;
  std::set<workflow_id> pending_;
  module_store modules_{limits::modules};
};

} // namespace edgeless
