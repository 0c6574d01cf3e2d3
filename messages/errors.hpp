// SPDX-License-Identifier: MIT
#pragma once

#include <caf/error.hpp>
#include <caf/make_message.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace edgeless {

/// Why something was refused or failed. An error always carries one sentence
/// for people beside its code: see fail() and explain().
enum class ec : std::uint8_t {
  none,
  /// Text from outside (TOML, JSON, URL, id) does not say what it should.
  bad_input,
  /// Bytes are no WebAssembly module, or one without the functions' ABI.
  bad_module,
  /// The module cannot be compiled within the limits.
  compile_failed,
  /// A guest trapped, ran out of time or memory.
  guest_fault,
  /// No node satisfies the requirements, now.
  no_feasible_node,
  /// No domain can host the workflow, now.
  no_feasible_domain,
  /// The same id is in use for something else.
  duplicate,
  /// Nobody here knows that workflow.
  unknown_workflow,
  /// Nobody here has that module.
  unknown_code,
  /// Nobody here runs that instance.
  unknown_instance,
  /// No provider of that class.
  unknown_class,
  /// The peer cannot be reached.
  unreachable,
  /// The membership this was said under has ended.
  lost_session,
  /// A bound is reached.
  exhausted,
  /// The operating system refused.
  system_failure,
  /// Whoever should have answered is stopping.
  stopping,
};

std::string to_string(ec code);

/// An error with its sentence.
caf::error fail(ec code, std::string sentence);

/// The sentence of an error; for errors of CAF itself, their text.
std::string explain(const caf::error& error);

} // namespace edgeless

CAF_ERROR_CODE_ENUM(edgeless::ec, "edgeless")
