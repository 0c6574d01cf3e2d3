// SPDX-License-Identifier: MIT
#include "runtime/wasm/engine_config.hpp"

#include "messages/limits.hpp"

#include <wasmtime.h>

#include <string_view>

namespace edgeless {

namespace {

// Most instances are small; the memory of a larger one moves once.
constexpr std::uint64_t memory_reservation = 16u << 20;
constexpr std::uint64_t memory_guard = 64u << 10;
// A sandboxed guest has the address space of all that 32 bits can address, so
// that compiled code needs no bounds checks.
constexpr std::uint64_t unchecked_reservation = 4ull << 30;
constexpr std::uint64_t unchecked_guard = 32u << 20;
// Guests run on stacks of their own; the part beyond guest_stack is for the
// imports.
constexpr std::size_t guest_stack = 128u << 10;
constexpr std::size_t async_stack = 256u << 10;
/// Frames of a backtrace in a fault text.
constexpr std::size_t max_frames = 16;

/// Joins lines and collapses white space.
std::string single_line(std::string_view text) {
  std::string result;
  for (char x : text) {
    bool space = x == '\n' || x == '\r' || x == '\t' || x == ' ';
    if (!space)
      result += x;
    else if (!result.empty() && result.back() != ' ')
      result += ' ';
  }
  while (!result.empty() && result.back() == ' ')
    result.pop_back();
  return result;
}

std::string text_of(wasm_name_t& bytes) {
  std::string_view text{bytes.data, bytes.size};
  while (!text.empty() && text.back() == '\0')
    text.remove_suffix(1);
  std::string result{text};
  wasm_byte_vec_delete(&bytes);
  return result;
}

std::string_view view(const wasm_name_t* name) {
  return name ? std::string_view{name->data, name->size} : std::string_view{};
}

/// An error text of the engine consists of a context, its own backtrace, and
/// the cause. Returns the cause.
std::string extract_cause(std::string text) {
  constexpr std::string_view heading = "Caused by:";
  if (auto at = text.rfind(heading); at != std::string::npos)
    text.erase(0, at + heading.size());
  if (auto at = text.find("wasm backtrace:"); at != std::string::npos)
    text.resize(at);
  return single_line(text);
}

std::string format_frames(wasm_frame_vec_t& frames) {
  std::string result;
  std::size_t shown = 0;
  for (std::size_t i = 0; i < frames.size && shown < max_frames; ++i) {
    // Skips frames of the driver and caller modules.
    if (view(wasmtime_frame_module_name(frames.data[i]))
          .starts_with("edgeless_"))
      continue;
    auto name = view(wasmtime_frame_func_name(frames.data[i]));
    result += shown++ == 0 ? "; in " : " < ";
    result
      += name.empty()
           ? "function " + std::to_string(wasm_frame_func_index(frames.data[i]))
           : single_line(name.substr(0, 128));
  }
  wasm_frame_vec_delete(&frames);
  return result;
}

} // namespace

wasm_engine_t* new_engine(checks what) {
  bool sandboxed = what == checks::none;
  auto* config = wasm_config_new();
  wasmtime_config_epoch_interruption_set(config, !sandboxed);
  wasmtime_config_max_wasm_stack_set(config, guest_stack);
  wasmtime_config_async_stack_size_set(config, async_stack);
  wasmtime_config_memory_reservation_set(
    config, sandboxed ? unchecked_reservation : memory_reservation);
  wasmtime_config_memory_guard_size_set(config, sandboxed ? unchecked_guard
                                                          : memory_guard);
  wasmtime_config_memory_init_cow_set(config, true);
  // The limit of an instance covers one memory of 32-bit addresses.
  wasmtime_config_wasm_multi_memory_set(config, false);
  wasmtime_config_wasm_memory64_set(config, false);
  // No C++ exception unwinds through a guest, and backtraces do not need it.
  wasmtime_config_native_unwind_info_set(config, false);
  return wasm_engine_new_with_config(config);
}

std::string engine_tag(checks what) {
  return what == checks::none ? "wasmtime-" WASMTIME_VERSION
                                "-alone-stack128k-memory4g-guard32m-2"
                              : "wasmtime-" WASMTIME_VERSION
                                "-epoch-stack128k-memory16m-guard64k-2";
}

std::string take_message(wasm_trap_t* trap, wasmtime_error_t* error) {
  wasm_name_t text;
  std::string result;
  if (error) {
    wasmtime_error_message(error, &text);
    result = extract_cause(text_of(text));
    wasmtime_error_delete(error);
  }
  if (trap) {
    wasm_trap_message(trap, &text);
    result = extract_cause(text_of(text));
    wasm_trap_delete(trap);
  }
  return result;
}

std::string take_fault(wasm_trap_t* trap, wasmtime_error_t* error) {
  wasm_frame_vec_t frames;
  std::string where;
  if (trap) {
    wasm_trap_trace(trap, &frames);
    where = format_frames(frames);
  } else if (error) {
    wasmtime_error_wasm_trace(error, &frames);
    where = format_frames(frames);
  }
  auto result = take_message(trap, error) + where;
  if (result.size() > limits::text)
    result.resize(limits::text);
  return result;
}

} // namespace edgeless
