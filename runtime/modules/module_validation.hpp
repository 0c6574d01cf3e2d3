// SPDX-License-Identifier: MIT
#pragma once

#include <caf/error.hpp>

#include <string_view>

namespace edgeless {

/// Checks that bytes are a WebAssembly module with EDGELESS' ABI: it exports
/// what the node calls, imports only what the node provides, all with the right
/// signatures. Checks the outline only; the compiler checks the code. An error
/// (ec::bad_module) names every fault, in at most about limits::text bytes.
caf::error validate_module(std::string_view bytes);

} // namespace edgeless
