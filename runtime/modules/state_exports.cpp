// SPDX-License-Identifier: MIT
#include "runtime/modules/state_exports.hpp"

#include "runtime/modules/code_scanner.hpp"
#include "runtime/modules/module_outline.hpp"

#include "messages/limits.hpp"

#include <vector>

namespace edgeless {

namespace {

struct global_entry {
  char type = '?';
  bool is_mutable = false;
};

/// What is read of a module beside its outline.
struct state_outline {
  std::vector<global_entry> globals{}; ///< imported ones first
  std::uint32_t memories = 0;
  bool is_shared = false;
  code_scanner code{};
  std::string reason{};
};

void read_state_imports(module_reader& in, state_outline& out) {
  for (auto n = in.count(); n > 0 && in.ok(); --n) {
    in.name();
    in.name();
    switch (in.byte()) {
    case module_outline::function:
      in.u32();
      break;
    case module_outline::table:
      out.reason = "it imports a table";
      return;
    case module_outline::memory:
      out.reason = "it imports a memory";
      return;
    case module_outline::global:
      out.globals.push_back({in.value_type(), in.byte() != 0});
      if (out.globals.back().is_mutable) {
        out.reason = "it imports a mutable global";
        return;
      }
      break;
    case module_outline::tag:
      in.byte();
      in.u32();
      break;
    default:
      return in.fail();
    }
  }
}

void read_memories(module_reader& in, state_outline& out) {
  for (auto n = in.count(); n > 0 && in.ok(); --n) {
    ++out.memories;
    out.is_shared = out.is_shared || (in.limits() & 2) != 0;
  }
}

void read_globals(module_reader& in, state_outline& out) {
  for (auto n = in.count(); n > 0 && in.ok(); --n) {
    auto type = in.value_type();
    out.globals.push_back({type, in.byte() != 0});
    out.code.read_constant(in);
  }
}

/// False: out.reason says why not.
bool read_state(std::string_view module, state_outline& out) {
  module_reader in{module, 8};
  while (!in.at_end()) {
    auto id = in.byte();
    module_reader section{in.take(in.u32())};
    if (id == 2)
      read_state_imports(section, out);
    else if (id == 5)
      read_memories(section, out);
    else if (id == 6)
      read_globals(section, out);
    else if (id == 10)
      out.code.read_section(section);
    if (!out.reason.empty())
      return false;
    if (!section.ok() || !in.ok()) {
      out.reason = out.code.unknown.empty()
                     ? "its section " + std::to_string(id) + " cannot be read"
                     : "its instruction " + out.code.unknown + " is unknown";
      return false;
    }
  }
  return true;
}

/// Why the state cannot be captured; "": it can.
std::string hidden_state(const module_outline& module,
                         const state_outline& state) {
  if (state.is_shared)
    return "its memory is shared";
  if (state.memories != 1)
    return "it has " + std::to_string(state.memories)
           + " memories, expected one";
  if (!state.code.hidden.empty()) {
    std::string result;
    for (auto& x : state.code.hidden)
      result += (result.empty() ? "" : ", ") + x;
    return "it changes tables or segments: " + result;
  }
  for (auto& x : module.exports)
    if (x.name.starts_with(state_export_prefix))
      return "it has an export with the reserved name "
             + std::string{state_export_prefix};
  if (module.export_section.end == 0)
    return "it exports nothing";
  return {};
}

} // namespace

std::string state_export_of_global(std::size_t ordinal) {
  return std::string{state_export_prefix} + ".g" + std::to_string(ordinal);
}

std::optional<std::string> export_state(std::string_view module,
                                        std::string& reason) {
  auto outline = read_outline(module, reason);
  if (!outline)
    return std::nullopt;
  auto refuse = [&](std::string why) {
    reason = std::move(why);
    return std::nullopt;
  };
  state_outline state;
  if (!read_state(module, state))
    return refuse(std::move(state.reason));
  if (auto why = hidden_state(*outline, state); !why.empty())
    return refuse(std::move(why));
  if (state.code.globals.size() > limits::captured_globals)
    return refuse("it writes more than "
                  + std::to_string(limits::captured_globals) + " globals");
  std::string added;
  std::size_t ordinal = 0;
  auto add
    = [&](std::string_view name, module_outline::kind what, std::size_t index) {
        put_leb(added, name.size());
        added += name;
        added += static_cast<char>(what);
        put_leb(added, index);
      };
  for (auto index : state.code.globals) {
    if (index >= state.globals.size())
      return refuse("it writes a global that it does not have");
    if (state.globals[index].type == 'r')
      return refuse("it changes a global that is a reference, number "
                    + std::to_string(index));
    add(state_export_of_global(ordinal++), module_outline::global, index);
  }
  add(state_export_sign, module_outline::memory, 0);
  auto& section = outline->export_section;
  module_reader old{module.substr(0, section.end), section.content};
  std::string content;
  auto count = old.count() + ordinal + 1;
  put_leb(content, count);
  content += old.rest();
  content += added;
  std::string result{module.substr(0, section.begin)};
  result += char{7};
  put_leb(result, content.size());
  result += content;
  result += module.substr(section.end);
  return result;
}

} // namespace edgeless
