// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/process_keeper.hpp"
#include "runtime/wasm_core.hpp"

namespace edgeless {

/// What the guests in processes of their own share.
struct process_house {
  /// Counts them, and what memory they have.
  wasm_core_ptr core;
  process_keeper keeper;

  process_house(wasm_core_ptr shared, std::string program)
    : core{shared}, keeper{std::move(program), {shared, &shared->counts}} {
    // nop
  }
};

using process_house_ptr = std::shared_ptr<process_house>;

/// A class whose guests live in processes of their own, made of what the
/// compile child made without checks.
caf::expected<guest_class_ptr> make_process_class(process_house_ptr house,
                                                  std::string_view compiled);

} // namespace edgeless
