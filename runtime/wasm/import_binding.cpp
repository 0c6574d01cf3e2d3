// SPDX-License-Identifier: MIT
#include "runtime/wasm/imports.hpp"
#include "runtime/wasm/owned.hpp"

#include <wasmtime.h>

#include <cstring>
#include <exception>
#include <new>
#include <utility>
#include <vector>

namespace edgeless {

namespace {

/// Size of a raw value of the engine.
constexpr std::size_t cell_size = sizeof(wasmtime_val_raw_t);
static_assert(cell_size == 16);
/// host.call has the most parameters of all suspending imports.
constexpr std::size_t max_suspending_parameters = 4;

wasm_trap_t* trap_of(const std::string& text) {
  return wasmtime_trap_new(text.data(), text.size());
}

/// Runs the body of an import. A C++ exception must not unwind the engine's
/// frames, so it becomes a trap.
wasm_trap_t* run(import_body body, wasm_call& call) noexcept {
  try {
    body(call);
    return call.trapped() ? trap_of(call.trap) : nullptr;
  } catch (const std::bad_alloc&) {
    return wasmtime_trap_new("the node is out of memory", 25);
  } catch (const std::exception&) {
    return wasmtime_trap_new("the import failed in the node", 29);
  }
}

host_state& state_of(wasmtime_context_t* context) {
  return *static_cast<host_state*>(wasmtime_context_get_data(context));
}

wasm_trap_t* enter(void* env, wasmtime_caller_t* caller,
                   wasmtime_val_raw_t* cells, std::size_t) {
  auto* context = wasmtime_caller_context(caller);
  wasm_call call{state_of(context), context, cells};
  return run(static_cast<const wasm_import*>(env)->body, call);
}

/// A suspended call of an import. `result` is where the engine wants the
/// answer; null if the guest waits for room.
struct suspension {
  host_state& state;
  wasmtime_val_t* result;
};

/// Polled by the engine: whether the call returns now.
bool resume(void* env) {
  auto& self = *static_cast<suspension*>(env);
  if (!self.result)
    return !self.state.blocked;
  if (!self.state.answered)
    return false;
  self.state.waiting = self.state.answered = false;
  auto kind = std::exchange(self.state.sleeping, false)
                ? event_kind::no_reply
                : self.state.answer.kind;
  self.result->kind = WASMTIME_I32;
  self.result->of.i32 = kind == event_kind::reply      ? 1
                        : kind == event_kind::no_reply ? 0
                                                       : 2;
  return true;
}

void enter_suspending(void* env, wasmtime_caller_t* caller,
                      const wasmtime_val_t* arguments, std::size_t count,
                      wasmtime_val_t* results, std::size_t result_count,
                      wasm_trap_t** trap, wasmtime_async_continuation_t* next) {
  auto* context = wasmtime_caller_context(caller);
  wasmtime_val_raw_t cells[max_suspending_parameters] = {};
  for (std::size_t i = 0; i < count && i < max_suspending_parameters; ++i)
    cells[i].i32 = arguments[i].of.i32;
  auto& state = state_of(context);
  wasm_call call{state, context, cells};
  *trap = run(static_cast<const wasm_import*>(env)->body, call);
  bool suspends = !*trap && (state.waiting || state.blocked);
  auto* suspended = suspends ? new (std::nothrow)
                        suspension{state, result_count > 0 ? results : nullptr}
                             : nullptr;
  if (suspends && !suspended)
    *trap = trap_of("the node is out of memory");
  for (std::size_t i = 0; i < result_count; ++i) {
    results[i].kind = WASMTIME_I32;
    results[i].of.i32 = cells[i].i32;
  }
  if (!suspended)
    *next = {[](void*) { return true; }, nullptr, nullptr};
  else
    *next = {resume, suspended, [](void* x) {
               delete static_cast<suspension*>(x);
             }};
}

using function_type = owned<wasm_functype_t, wasm_functype_delete>;

function_type type_of(std::string_view signature) {
  auto side = [](std::string_view text, wasm_valtype_vec_t* result) {
    std::vector<wasm_valtype_t*> types;
    for (char x : text)
      types.push_back(wasm_valtype_new(x == 'I' ? WASM_I64 : WASM_I32));
    wasm_valtype_vec_new(result, types.size(), types.data());
  };
  auto colon = signature.find(':');
  wasm_valtype_vec_t parameters, results;
  side(signature.substr(0, colon), &parameters);
  side(signature.substr(colon + 1), &results);
  return function_type{wasm_functype_new(&parameters, &results)};
}

} // namespace

std::uint32_t wasm_call::u32(int argument) const {
  std::uint32_t value;
  std::memcpy(&value, cells_ + argument * cell_size, sizeof(value));
  return value;
}

std::uint64_t wasm_call::u64(int argument) const {
  std::uint64_t value;
  std::memcpy(&value, cells_ + argument * cell_size, sizeof(value));
  return value;
}

void wasm_call::result(std::uint32_t value, int number) {
  std::memcpy(cells_ + number * cell_size, &value, sizeof(value));
}

// Looked up once per import, since a look-up costs as much as a copy. Between
// two imports the memory may grow and move.
std::span<char> wasm_call::memory() {
  if (memory_.empty() && state.memory)
    memory_
      = {reinterpret_cast<char*>(wasmtime_memory_data(context_, state.memory)),
         wasmtime_memory_data_size(context_, state.memory)};
  return memory_;
}

std::span<char> wasm_call::bytes(std::uint32_t at, std::uint64_t size) {
  auto all = memory();
  if (at > all.size() || size > all.size() - at) {
    trap = "a pointer given to the node is out of bounds";
    return {};
  }
  return all.subspan(at, static_cast<std::size_t>(size));
}

bool define_imports(wasmtime_linker_t* linker,
                    std::span<const wasm_import> imports) {
  for (auto& x : imports) {
    auto* error = wasmtime_linker_define_func_unchecked(
      linker, x.module.data(), x.module.size(), x.name.data(), x.name.size(),
      type_of(x.signature).get(), enter, const_cast<wasm_import*>(&x), nullptr);
    if (error) {
      wasmtime_error_delete(error);
      return false;
    }
  }
  return true;
}

bool define_suspending_imports(wasmtime_linker_t* linker,
                               std::span<const wasm_import> imports) {
  for (auto& x : imports) {
    auto* error = wasmtime_linker_define_async_func(
      linker, x.module.data(), x.module.size(), x.name.data(), x.name.size(),
      type_of(x.signature).get(), enter_suspending,
      const_cast<wasm_import*>(&x), nullptr);
    if (error) {
      wasmtime_error_delete(error);
      return false;
    }
  }
  return true;
}

} // namespace edgeless
