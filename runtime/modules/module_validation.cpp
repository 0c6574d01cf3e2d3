// SPDX-License-Identifier: MIT
#include "runtime/modules/module_validation.hpp"

#include "runtime/modules/module_outline.hpp"
#include "runtime/modules/state_exports.hpp"
#include "runtime/wasm/imports.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

namespace edgeless {

namespace {

struct required_export {
  std::string_view name;
  std::string_view signature;
};

constexpr required_export required_exports[] = {
  {"edgeless_mem_alloc", "i:i"}, {"edgeless_mem_free", "ii:"},
  {"edgeless_mem_clear", ":"},   {"handle_init_asm", "iiii:"},
  {"handle_cast_asm", "iiii:"},  {"handle_call_asm", "iiiiii:i"},
  {"handle_stop_asm", ":"},
};

/// A name from a module, bounded and without control characters.
std::string printable_name(std::string_view name) {
  std::string result;
  for (char x : name.substr(0, 64))
    result += x > ' ' && x < 127 ? x : '?';
  return result;
}

/// "iI:f" -> "(i32, i64) -> (f32)"
std::string format_signature(std::string_view signature) {
  std::string result{'('};
  auto add_side = [&](std::string_view letters) {
    for (std::size_t i = 0; i < letters.size(); ++i) {
      result += i == 0 ? "" : ", ";
      if (i == 16) {
        result += "...";
        break;
      }
      auto x = letters[i];
      result += x == 'i'   ? "i32"
                : x == 'I' ? "i64"
                : x == 'f' ? "f32"
                : x == 'F' ? "f64"
                : x == 'v' ? "v128"
                           : "ref";
    }
  };
  auto colon = signature.find(':');
  add_side(signature.substr(0, colon));
  result += ") -> (";
  add_side(signature.substr(colon + 1));
  result += ')';
  return result;
}

/// Collects sentences up to limits::text bytes, and counts the others.
struct faults {
  std::string text;
  std::size_t omitted = 0;

  void add(std::string sentence) {
    if (text.size() + sentence.size() + 64 > limits::text)
      ++omitted;
    else
      text += (text.empty() ? "" : "; ") + sentence;
  }
};

const module_outline::exported* find_export(const module_outline& module,
                                            std::string_view name) {
  for (auto& x : module.exports)
    if (x.name == name)
      return &x;
  return nullptr;
}

void check_function(const module_outline& module, std::string_view name,
                    std::string_view signature, bool required, faults& out) {
  auto* found = find_export(module, name);
  if (!found) {
    if (required)
      out.add("the export " + std::string{name} + " is missing");
    return;
  }
  if (found->what != module_outline::function)
    return out.add("the export " + std::string{name} + " is not a function");
  auto actual = module.signature_of_function(found->index);
  if (!actual)
    out.add("the export " + std::string{name} + " refers to no function");
  else if (*actual != signature)
    out.add("the export " + std::string{name} + " is "
            + format_signature(*actual) + ", expected "
            + format_signature(signature));
}

void check_memory(const module_outline& module, faults& out) {
  auto* found = find_export(module, "memory");
  if (!found)
    out.add("the export memory is missing");
  else if (found->what != module_outline::memory)
    out.add("the export memory is not a memory");
  else if (!module.memory_flags || found->index != 0)
    out.add("the export memory refers to no memory");
  // Any flag but "has a maximum": shared, 64-bit, custom page sizes.
  else if ((*module.memory_flags & ~1) != 0)
    out.add("the memory must not be shared, 64-bit or of another page size");
}

void check_import(const module_outline& module, const module_outline::import& x,
                  faults& out) {
  auto name = printable_name(x.module) + "." + printable_name(x.name);
  auto* known = find_guest_import(x.module, x.name);
  if (!known)
    return out.add("the import " + name + " is unknown");
  if (x.what != module_outline::function)
    return out.add("the import " + name + " is not a function");
  auto actual = module.signature_of_type(x.index);
  if (!actual)
    out.add("the import " + name + " has no type");
  else if (*actual != known->signature)
    out.add("the import " + name + " is " + format_signature(*actual)
            + ", expected " + format_signature(known->signature));
}

} // namespace

caf::error validate_module(std::string_view bytes) {
  if (bytes.size() > limits::module)
    return fail(ec::bad_module, "the module has " + std::to_string(bytes.size())
                                  + " bytes, expected at most "
                                  + std::to_string(limits::module));
  std::string reason;
  auto module = read_outline(bytes, reason);
  if (!module)
    return fail(ec::bad_module, std::move(reason));
  faults out;
  check_memory(*module, out);
  for (auto& x : required_exports)
    check_function(*module, x.name, x.signature, true, out);
  // The constructor of wasi-libc modules, called once before init.
  check_function(*module, "_initialize", ":", false, out);
  check_function(*module, start_export, ":", false, out);
  if (module->start && module->signature_of_function(*module->start) != ":")
    out.add("the start function is not () -> ()");
  for (auto& x : module->exports)
    if (x.name.starts_with(state_export_prefix))
      out.add("the export " + printable_name(x.name)
              + " has a reserved name, edgeless.keep");
  for (auto& x : module->imports)
    check_import(*module, x, out);
  if (out.omitted > 0)
    out.text += "; and " + std::to_string(out.omitted) + " more";
  return out.text.empty() ? caf::error{}
                          : fail(ec::bad_module, std::move(out.text));
}

} // namespace edgeless
