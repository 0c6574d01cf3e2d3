// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/config/settings.hpp"
#include "runtime/config/settings_reader.hpp"

#include <string>

/// Functions shared by the readers of the four configuration files.
namespace edgeless {

/// An empty announced URL defaults to the bound one.
inline void set_announced(std::string& announced, const std::string& bound) {
  if (announced.empty())
    announced = bound;
}

/// The section [tls], which every file may have.
tls_settings read_tls(settings_section& root);

/// The whole of node.toml.
void read(node_settings& result, settings_section& root);

} // namespace edgeless
