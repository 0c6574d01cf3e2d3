// SPDX-License-Identifier: MIT
#pragma once

#include <caf/error.hpp>
#include <caf/make_message.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace edgeless {

/// Why a request was refused or failed. Beside its code, an error carries one
/// sentence for operators: see fail() and explain().
enum class ec : std::uint8_t {
  none,
  /// Text from outside (TOML, JSON, URL, id) is not well-formed or not valid.
  bad_input,
  /// The bytes are no WebAssembly module, or lack the ABI of functions.
  bad_module,
  /// The module cannot be compiled within the limits.
  compile_failed,
  /// A guest trapped, or ran out of time or memory.
  guest_fault,
  /// No node satisfies the requirements at present.
  no_feasible_node,
  /// No domain can host the workflow at present.
  no_feasible_domain,
  /// The id is in use for something else.
  duplicate,
  /// The receiver does not know the workflow.
  unknown_workflow,
  /// The receiver does not have the module.
  unknown_code,
  /// The receiver does not run the instance.
  unknown_instance,
  /// The node has no provider of the class.
  unknown_class,
  /// The peer cannot be reached.
  unreachable,
  /// The session in which the request was made has ended.
  lost_session,
  /// A bound of limits.hpp is reached.
  exhausted,
  /// The operating system refused a call.
  system_failure,
  /// The actor that should have answered is stopping.
  stopping,
};

std::string to_string(ec code);

/// Makes an error; `sentence` is cut at limits::text bytes.
caf::error fail(ec code, std::string sentence);

/// The sentence of an error. Errors of CAF itself get the text of their code;
/// no error, which is the reason of an orderly exit, "it has ended".
std::string explain(const caf::error& error);

} // namespace edgeless

CAF_ERROR_CODE_ENUM(edgeless::ec, "edgeless")
