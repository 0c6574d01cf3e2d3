// SPDX-License-Identifier: MIT
#pragma once

#include <caf/expected.hpp>

#include <string>
#include <string_view>

namespace edgeless {

/// The version of the interface between programs and drivers: both come from
/// the same build.
inline constexpr std::string_view driver_version = EDGELESS_VERSION;

/// Loads `libedgeless_<name>.so` from the folder of the program, or from
/// `../lib/edgeless` beside it, and returns what its entry returns: an object
/// that lives until the program ends. An error says what is missing, and which
/// package has it. Loads each driver once. Any thread.
caf::expected<void*> load_driver_object(const std::string& name);

/// The factory of a driver, such as `load_driver<mqtt_driver>("mqtt")`.
template <class Interface>
caf::expected<Interface*> load_driver(const std::string& name) {
  auto object = load_driver_object(name);
  if (!object)
    return object.error();
  return static_cast<Interface*>(*object);
}

} // namespace edgeless

/// The entry of a driver: `implementation` is a default-constructible class
/// that implements `interface`.
#define EDGELESS_DRIVER(interface, implementation)                             \
  extern "C" __attribute__((visibility("default"))) void* edgeless_driver(     \
    const char** version) {                                                    \
    static implementation object;                                              \
    *version = EDGELESS_VERSION;                                               \
    return static_cast<interface*>(&object);                                   \
  }
