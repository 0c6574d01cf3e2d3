// SPDX-License-Identifier: MIT
#pragma once

#include "messages/workflow.hpp"

#include <caf/expected.hpp>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

/// The persistent workflows of a controller: a database file, or in tests
/// memory.
namespace edgeless {

/// An accepted workflow with the ids of its components.
struct stored_workflow {
  workflow_id id;
  workflow_spec spec;
  std::vector<component_spec> components;
  /// The domain that hosted it last; empty: none yet.
  std::string domain;

  friend bool operator==(const stored_workflow&, const stored_workflow&)
    = default;
};

/// A change that returned without an error survives a crash of the process, and
/// of the machine unless stated otherwise. Used by one thread at a time.
class workflow_store {
public:
  virtual ~workflow_store() = default;

  /// All workflows that were saved and not removed, in the order of saving.
  virtual caf::expected<std::vector<stored_workflow>> load() = 0;

  /// A module that was kept before; an error if there is none.
  virtual caf::expected<std::string> module(const code_id& code) = 0;

  /// Adds a module if it is not there. It is deleted with the last workflow
  /// that needs it, so it has to be kept right before that workflow is saved.
  virtual caf::error keep(const code_id& code, const std::string& module) = 0;

  virtual caf::error save(const stored_workflow& x) = 0;

  /// Updates the domain of a workflow; may be lost when the machine crashes.
  virtual caf::error
  set_domain(const workflow_id& id, const std::string& domain)
    = 0;

  /// Leaves a tombstone: see removed().
  virtual caf::error remove(const workflow_id& id) = 0;

  /// Whether a workflow of this id was saved and removed. The newest
  /// limits::tombstones are known.
  virtual bool removed(const workflow_id& id) = 0;
};

using workflow_store_ptr = std::unique_ptr<workflow_store>;

/// A SQLite database in that file, which is created if it is absent. One
/// process at a time can open it; its mode is 0600. On a read-only disk, it is
/// read and every change is refused. The error names the file and the reason.
caf::expected<workflow_store_ptr>
open_workflow_store(const std::filesystem::path& file);

} // namespace edgeless
