// SPDX-License-Identifier: MIT
#include "runtime/wasm/engine_config.hpp"

#include "messages/limits.hpp"

#include <wasmtime.h>

#include <string_view>

namespace edgeless {

namespace {

// Small instances dominate: larger memories move once when they outgrow this.
constexpr std::uint64_t memory_reservation = 16u << 20;
constexpr std::uint64_t memory_guard = 64u << 10;
// Whoever is alone in a process has room for all that 32 bits can address.
constexpr std::uint64_t whole_reservation = 4ull << 30;
constexpr std::uint64_t whole_guard = 32u << 20;
// Guests run on stacks of their own; what is left of one is for our imports.
constexpr std::size_t guest_stack = 128u << 10;
constexpr std::size_t whole_stack = 256u << 10;
/// Frames of a backtrace that are shown.
constexpr std::size_t frames_max = 16;

/// In one line.
std::string flat(std::string_view text) {
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

/// The text of an error is its context, the engine's own backtrace, then the
/// cause: the cause is what people want to read.
std::string cause_in(std::string text) {
  constexpr std::string_view heading = "Caused by:";
  if (auto at = text.rfind(heading); at != std::string::npos)
    text.erase(0, at + heading.size());
  if (auto at = text.find("wasm backtrace:"); at != std::string::npos)
    text.resize(at);
  return flat(text);
}

std::string frames_in(wasm_frame_vec_t& frames) {
  std::string result;
  std::size_t shown = 0;
  for (std::size_t i = 0; i < frames.size && shown < frames_max; ++i) {
    // Our own driver and caller are no news.
    if (view(wasmtime_frame_module_name(frames.data[i]))
          .starts_with("edgeless_"))
      continue;
    auto name = view(wasmtime_frame_func_name(frames.data[i]));
    result += shown++ == 0 ? "; in " : " < ";
    result
      += name.empty()
           ? "function " + std::to_string(wasm_frame_func_index(frames.data[i]))
           : flat(name.substr(0, 128));
  }
  wasm_frame_vec_delete(&frames);
  return result;
}

} // namespace

wasm_engine_t* new_engine(checks what) {
  bool alone = what == checks::none;
  auto* config = wasm_config_new();
  wasmtime_config_epoch_interruption_set(config, !alone);
  wasmtime_config_max_wasm_stack_set(config, guest_stack);
  wasmtime_config_async_stack_size_set(config, whole_stack);
  wasmtime_config_memory_reservation_set(config, alone ? whole_reservation
                                                       : memory_reservation);
  wasmtime_config_memory_guard_size_set(config,
                                        alone ? whole_guard : memory_guard);
  wasmtime_config_memory_init_cow_set(config, true);
  // The limits of an instance are those of one memory of 32-bit addresses.
  wasmtime_config_wasm_multi_memory_set(config, false);
  wasmtime_config_wasm_memory64_set(config, false);
  // No C++ exception crosses a guest, and its backtrace does not need it.
  wasmtime_config_native_unwind_info_set(config, false);
  return wasm_engine_new_with_config(config);
}

std::string engine_tag(checks what) {
  return what == checks::none ? "wasmtime-" WASMTIME_VERSION
                                "-alone-stack128k-memory4g-guard32m-1"
                              : "wasmtime-" WASMTIME_VERSION
                                "-epoch-stack128k-memory16m-guard64k-1";
}

std::string take_message(wasm_trap_t* trap, wasmtime_error_t* error) {
  wasm_name_t text;
  std::string result;
  if (error) {
    wasmtime_error_message(error, &text);
    result = cause_in(text_of(text));
    wasmtime_error_delete(error);
  }
  if (trap) {
    wasm_trap_message(trap, &text);
    result = cause_in(text_of(text));
    wasm_trap_delete(trap);
  }
  return result;
}

std::string take_fault(wasm_trap_t* trap, wasmtime_error_t* error) {
  wasm_frame_vec_t frames;
  std::string where;
  if (trap) {
    wasm_trap_trace(trap, &frames);
    where = frames_in(frames);
  } else if (error) {
    wasmtime_error_wasm_trace(error, &frames);
    where = frames_in(frames);
  }
  auto result = take_message(trap, error) + where;
  if (result.size() > limits::text)
    result.resize(limits::text);
  return result;
}

} // namespace edgeless
