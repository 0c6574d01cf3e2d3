// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/redis/mirror_reader.hpp"

#include <string>
#include <vector>

/// One line for each value, word for word as EDGELESS' proxy_cli prints it;
/// fields of later versions as those print them. Text is made printable.
namespace edgeless {

/// Such as `4 x86 CPU(s) at 2400 BogoMIPS, ...`.
std::string capabilities_line(const mirrored_capabilities& x);

/// Such as `global cpu usage 20%, load 2, memory free 82208 kb, ...`.
std::string health_line(const mirrored_health& x);

/// Such as `class_type file-log, node_id UUID, outputs []`.
std::string provider_line(const mirrored_provider& x);

/// The items separated by commas.
std::string joined(const std::vector<std::string>& items);

} // namespace edgeless
