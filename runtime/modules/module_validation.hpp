// SPDX-License-Identifier: MIT
#pragma once

#include <caf/error.hpp>

#include <string_view>

namespace edgeless {

/// Whether bytes are a WebAssembly module that speaks EDGELESS' ABI: exports
/// what the node calls, imports nothing but what the node gives, all with the
/// right signatures. Reads the module's outline only: whether its code is
/// valid, the compiler says. An error (ec::bad_module) names every fault.
caf::error validate_module(std::string_view bytes);

} // namespace edgeless
