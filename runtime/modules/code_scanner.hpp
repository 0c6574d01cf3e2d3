// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/modules/module_reader.hpp"

#include <set>
#include <string>

namespace edgeless {

/// Reads the code of a module for what changes its state other than its memory.
/// Linear in the size of the code. Accepts the instructions that the engine
/// supports; after any other, `unknown` names it and the reader has failed.
struct code_scanner {
  /// Globals that the code writes, by index.
  std::set<std::uint32_t> globals{};
  /// Instructions that change tables, or drop segments.
  std::set<std::string> hidden{};
  std::string unknown{};

  /// Reads the code section.
  void read_section(module_reader& in);
  /// Reads a constant expression.
  void read_constant(module_reader& in);

private:
  void read_body(module_reader& in);
  void read_instruction(std::uint8_t code, module_reader& in);
  void read_bulk(module_reader& in);
  void read_vector(module_reader& in);
  void refuse(module_reader& in, const char* prefix, std::uint32_t code);
};

} // namespace edgeless
