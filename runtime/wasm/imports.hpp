// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/wasm/guest.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

struct wasmtime_context;
struct wasmtime_linker;
struct wasmtime_memory;

/// The imports of WebAssembly modules: a table, and its binding to the engine.
/// Bodies access guest memory only through wasm_call, which checks bounds.
namespace edgeless {

/// The state that an instance shares with its imports.
struct host_state {
  guest_host* host = nullptr;
  /// The guest's exported memory; null until it is instantiated.
  const wasmtime_memory* memory = nullptr;
  const guest_event* current = nullptr;
  /// The guest waits for the answer to a call, or sleeps.
  bool waiting = false;
  /// What it waits for has no result.
  bool sleeping = false;
  bool answered = false;
  /// The guest waits for room for a cast.
  bool blocked = false;
  call_result answer;
  /// Unfinished lines of stdout and stderr.
  std::array<std::string, 2> lines;
  /// Added to this machine's monotonic clock, modulo 2^64: a guest that comes
  /// from another machine keeps its own.
  std::uint64_t monotonic_offset = 0;
};

/// The clocks of WASI.
enum class guest_clock : std::uint32_t { realtime, monotonic };

/// Nanoseconds, as the guest sees them.
std::uint64_t read_guest_clock(const host_state& state, guest_clock clock);

/// One call of an import: its arguments, result and trap, and the guest's
/// memory. After a failed access `trap` is set, and the body must return.
class wasm_call {
public:
  /// `cells` are the engine's raw values, of 16 bytes each: arguments, which
  /// the results replace.
  wasm_call(host_state& host, wasmtime_context* context, void* cells)
    : state{host}, context_{context}, cells_{static_cast<char*>(cells)} {
    // nop
  }

  std::uint32_t u32(int argument) const;
  std::uint64_t u64(int argument) const;
  /// Sets a result. Read all arguments before: results take their place.
  void result(std::uint32_t value, int number = 0);

  /// `size` bytes of guest memory; traps if they are out of bounds.
  std::span<char> bytes(std::uint32_t at, std::uint64_t size);
  /// The bytes that a pair of arguments (pointer, size) refers to.
  std::string_view text(int argument);
  /// As text(); traps unless it is UTF-8 of at most limits::text bytes.
  std::string_view channel(int argument);
  /// The id that a pair of pointers (node, component) refers to.
  instance_id instance(int argument);
  /// Copies to memory of the guest's allocator; traps if that returned null.
  void store(std::uint32_t at, std::string_view bytes);
  void store_u32(std::uint32_t at, std::uint32_t value);

  bool trapped() const {
    return !trap.empty();
  }

  host_state& state;
  /// The reason why the guest traps; empty if it does not.
  std::string trap;

private:
  /// All of the guest's memory. It does not move within one import, since the
  /// guest does not run.
  std::span<char> memory();

  wasmtime_context* context_;
  char* cells_;
  std::span<char> memory_;
};

using import_body = void (*)(wasm_call&);

struct wasm_import {
  std::string_view module;
  std::string_view name;
  /// Parameters, colon, results: i = i32, I = i64.
  std::string_view signature;
  import_body body;
};

/// EDGELESS' imports but for call_asm and call_raw_asm, which wat/caller.wat
/// exports.
std::span<const wasm_import> env_imports();
/// The imports of WASI preview 1.
std::span<const wasm_import> wasi_imports();
/// The one that suspends while the guest sleeps.
std::span<const wasm_import> wasi_sleep_imports();
/// The imports of driver.wat and caller.wat but for the suspending ones.
std::span<const wasm_import> driver_imports();
/// Suspending imports: until host_state::answered, or while
/// host_state::blocked. They may also return at once.
std::span<const wasm_import> call_imports();

/// The import of that name with its exact signature; null if a module must not
/// import it.
const wasm_import* find_guest_import(std::string_view module,
                                     std::string_view name);

/// Logs the unfinished lines of a guest's stdout and stderr.
void flush_lines(host_state& state);

/// Adds imports to a linker. The data of its stores must be a host_state. False
/// only if a name is defined twice.
bool define_imports(wasmtime_linker* linker,
                    std::span<const wasm_import> imports);
bool define_suspending_imports(wasmtime_linker* linker,
                               std::span<const wasm_import> imports);

} // namespace edgeless
