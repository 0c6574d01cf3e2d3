// SPDX-License-Identifier: MIT
#include "runtime/modules/module_validation.hpp"

#include "runtime/modules/module_outline.hpp"
#include "runtime/wasm/imports.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

namespace edgeless {

namespace {

struct needed_export {
  std::string_view name;
  std::string_view signature;
};

constexpr needed_export needed[] = {
  {"edgeless_mem_alloc", "i:i"}, {"edgeless_mem_free", "ii:"},
  {"edgeless_mem_clear", ":"},   {"handle_init_asm", "iiii:"},
  {"handle_cast_asm", "iiii:"},  {"handle_call_asm", "iiiiii:i"},
  {"handle_stop_asm", ":"},
};

/// A name from a module, fit to be shown.
std::string shown(std::string_view name) {
  std::string result;
  for (char x : name.substr(0, 64))
    result += x > ' ' && x < 127 ? x : '?';
  return result;
}

/// "iI:f" -> "(i32, i64) -> (f32)"
std::string readable(std::string_view signature) {
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

/// Collects sentences, and no more of them than people will read.
struct faults {
  std::string text;
  std::size_t unsaid = 0;

  void add(std::string sentence) {
    if (text.size() + sentence.size() + 64 > limits::text)
      ++unsaid;
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
                    std::string_view signature, bool must, faults& out) {
  auto* found = find_export(module, name);
  if (!found) {
    if (must)
      out.add("the export " + std::string{name} + " is missing");
    return;
  }
  if (found->what != module_outline::function)
    return out.add("the export " + std::string{name} + " is no function");
  auto actual = module.signature_of_function(found->index);
  if (!actual)
    out.add("the export " + std::string{name} + " leads nowhere");
  else if (*actual != signature)
    out.add("the export " + std::string{name} + " is " + readable(*actual)
            + ", expected " + readable(signature));
}

void check_memory(const module_outline& module, faults& out) {
  auto* found = find_export(module, "memory");
  if (!found)
    out.add("the export memory is missing");
  else if (found->what != module_outline::memory)
    out.add("the export memory is no memory");
  else if (!module.memory_flags || found->index != 0)
    out.add("the export memory leads nowhere");
  // Other flags than "has a maximum": shared, 64-bit, odd page sizes.
  else if ((*module.memory_flags & ~1) != 0)
    out.add("the memory is not a plain one of 32-bit addresses");
}

void check_import(const module_outline& module, const module_outline::import& x,
                  faults& out) {
  auto name = shown(x.module) + "." + shown(x.name);
  auto* known = find_guest_import(x.module, x.name);
  if (!known)
    return out.add("the import " + name + " is unknown");
  if (x.what != module_outline::function)
    return out.add("the import " + name + " is no function");
  auto actual = module.signature_of_type(x.index);
  if (!actual)
    out.add("the import " + name + " has no type");
  else if (*actual != known->signature)
    out.add("the import " + name + " is " + readable(*actual) + ", expected "
            + readable(known->signature));
}

} // namespace

caf::error validate_module(std::string_view bytes) {
  if (bytes.size() > limits::module)
    return fail(ec::bad_module, "the module has " + std::to_string(bytes.size())
                                  + " bytes; " + std::to_string(limits::module)
                                  + " are allowed");
  std::string reason;
  auto module = read_outline(bytes, reason);
  if (!module)
    return fail(ec::bad_module, std::move(reason));
  faults out;
  check_memory(*module, out);
  for (auto& x : needed)
    check_function(*module, x.name, x.signature, true, out);
  // wasi-libc's constructor; called once before anything else.
  check_function(*module, "_initialize", ":", false, out);
  if (module->has_start)
    out.add("the module has a start function, which is not called here");
  for (auto& x : module->imports)
    check_import(*module, x, out);
  if (out.unsaid > 0)
    out.text += "; and " + std::to_string(out.unsaid) + " more";
  return out.text.empty() ? caf::error{}
                          : fail(ec::bad_module, std::move(out.text));
}

} // namespace edgeless
