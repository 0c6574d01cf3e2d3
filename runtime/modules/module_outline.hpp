// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace edgeless {

/// What a WebAssembly module imports and exports.
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

  /// Parameters, colon, results, by letters: i = i32, I = i64, f, F, v = v128,
  /// r = a reference; cut off if it is long. Nothing if there is no such
  /// function.
  std::optional<std::string> signature_of_function(std::uint32_t index) const;
  std::optional<std::string> signature_of_type(std::uint32_t index) const;

  std::string_view bytes;
  /// Where each type is in `bytes`.
  std::vector<std::uint32_t> types;
  /// The type of each function, imported ones first.
  std::vector<std::uint32_t> functions;
  std::vector<import> imports;
  std::vector<exported> exports;
  /// The first memory's: 1 = has a maximum, 2 = shared, 4 = 64-bit addresses.
  std::optional<std::uint8_t> memory_flags;
  bool has_start = false;
  std::uint32_t defined_functions = 0;
  std::uint32_t bodies = 0;
};

/// Reads it off a module. Views in the outline point into `bytes`. On failure
/// `reason` says what is wrong.
std::optional<module_outline> read_outline(std::string_view bytes,
                                           std::string& reason);

} // namespace edgeless
