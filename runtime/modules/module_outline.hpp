// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace edgeless {

/// The name of the custom section with a module's isolation.
constexpr std::string_view isolation_section_name = "edgeless.isolation";

/// The name under which a start function is exported: see export_start().
constexpr const char* start_export = "edgeless.start";

/// The imports, exports and signatures of a WebAssembly module.
struct module_outline {
  enum kind : std::uint8_t { function, table, memory, global, tag };

  struct import {
    std::string_view module;
    std::string_view name;
    kind what = function;
    std::uint32_t index = 0; ///< of the type, if it is a function
  };

  struct exported {
    std::string_view name;
    kind what = function;
    std::uint32_t index = 0; ///< among those of its kind, imported ones first
  };

  /// A signature: parameters, colon, results, one letter each: i = i32,
  /// I = i64, f = f32, F = f64, v = v128, r = reference; cut off if it is long.
  /// Nothing if there is no such function or type.
  std::optional<std::string> signature_of_function(std::uint32_t index) const;
  std::optional<std::string> signature_of_type(std::uint32_t index) const;

  std::string_view bytes;
  /// The offset of each type in `bytes`.
  std::vector<std::uint32_t> types;
  /// The index of the type of each function, imported ones first.
  std::vector<std::uint32_t> functions;
  std::vector<import> imports;
  std::vector<exported> exports;
  /// Flags of the first memory: 1 = has a maximum, 2 = shared, 4 = 64-bit.
  std::optional<std::uint8_t> memory_flags;
  /// The content of the last custom section isolation_section_name.
  std::optional<std::string_view> isolation;
  /// The index of the start function.
  std::optional<std::uint32_t> start;
  /// The range of a section in `bytes`, with its id and size.
  struct range {
    std::size_t begin = 0;
    std::size_t content = 0; ///< where its content begins
    std::size_t end = 0;
  };
  range export_section;
  range start_section;
  std::uint32_t defined_functions = 0;
  std::uint32_t bodies = 0; ///< in the code section; valid if all have one
};

/// Parses a module up to its code. Views in the outline point into `bytes`. On
/// failure `reason` has the reason.
std::optional<module_outline> read_outline(std::string_view bytes,
                                           std::string& reason);

/// The module without its start section, and with its start function exported
/// as `start_export`: a guest calls it first, under the limits of an event,
/// whereas the engine would run it while it makes the instance. A module
/// without a start function or exports is returned as it is.
std::string export_start(const module_outline& module);

} // namespace edgeless
