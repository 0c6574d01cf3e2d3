// SPDX-License-Identifier: MIT
#pragma once

#include "actors/orchestrator/orchestrator_self.hpp"

#include "runtime/modules/module_store.hpp"

#include "messages/interfaces.hpp"
#include "messages/limits.hpp"

#include <caf/result.hpp>
#include <caf/typed_response_promise.hpp>

#include <cstdint>
#include <map>
#include <set>
#include <vector>

namespace edgeless {

/// The modules of a domain. They are fetched from the controller, part by part,
/// and kept while a component needs them: a node gets a module although the
/// controller is away. Part of its ORCHESTRATOR: called by that actor only.
class module_source {
public:
  explicit module_source(orchestrator_ptr self) : self_{self} {
    // nop
  }

  /// Fetches the modules that are needed and missing from this controller;
  /// null: the controller is away.
  void set_controller(controller_link_actor x);

  /// One component more needs this module.
  void retain(const code_id& id);
  /// ...and one less. See trim().
  void release(const code_id& id);
  /// Drops the modules that no component needs.
  void trim();

  /// The part that begins at `offset`, once the module is here.
  caf::result<code_part> fetch(const code_id& id, std::uint64_t offset);

private:
  struct reader {
    std::uint64_t offset;
    caf::typed_response_promise<code_part> promise;
  };

  void obtain(const code_id& id);
  void answer_readers(const code_id& id, const caf::error& problem);

  orchestrator_ptr self_;
  controller_link_actor controller_;
  module_store modules_{limits::modules};
  /// The number of components with this module.
  std::map<code_id, std::size_t> users_;
  std::set<code_id> fetching_; ///< a request for a part is under way
  std::map<code_id, std::vector<reader>> readers_;
};

} // namespace edgeless
