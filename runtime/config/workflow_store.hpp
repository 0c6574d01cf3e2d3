// SPDX-License-Identifier: MIT
#pragma once

#include "messages/workflow.hpp"

#include <caf/expected.hpp>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

/// The door to what a controller must not forget: behind it a database in a
/// file, or in tests a memory.
namespace edgeless {

/// A workflow that was accepted, with the ids of its components.
struct stored_workflow {
  workflow_id id;
  workflow_spec spec;
  std::vector<component_spec> components;
  /// Where it was last hosted; empty: nowhere yet.
  std::string domain;

  friend bool operator==(const stored_workflow&, const stored_workflow&)
    = default;
};

/// What has returned without an error survives the death of the process, and of
/// the machine unless said otherwise. Not for more than one thread at a time.
class workflow_store {
public:
  virtual ~workflow_store() = default;

  /// Whatever was saved and not removed, in the order it was saved.
  virtual caf::expected<std::vector<stored_workflow>> load() = 0;

  /// A module that was kept.
  virtual caf::expected<std::string> module(const code_id& code) = 0;

  /// Keeps a module; once, however often it is asked for. It goes with the last
  /// workflow that needs it, so it is kept right before the first is saved.
  virtual caf::error keep(const code_id& code, const std::string& module) = 0;

  virtual caf::error save(const stored_workflow& x) = 0;

  /// Where it is hosted from now on; might be lost with the machine.
  virtual caf::error settle(const workflow_id& id, const std::string& domain)
    = 0;

  /// Leaves a tombstone: see removed().
  virtual caf::error remove(const workflow_id& id) = 0;

  /// Whether a workflow of this id was saved and removed. The newest
  /// limits::tombstones are known.
  virtual bool removed(const workflow_id& id) = 0;
};

using workflow_store_ptr = std::unique_ptr<workflow_store>;

/// A SQLite database in that file, which is made if it is not there. One
/// process at a time may have it open. The error says what is wrong with it.
caf::expected<workflow_store_ptr>
open_workflow_store(const std::filesystem::path& file);

} // namespace edgeless
