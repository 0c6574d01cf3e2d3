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

/// What WebAssembly may ask of us: a table of imports, and how they are bound
/// to the engine. Bodies see guest memory only through wasm_call.
namespace edgeless {

/// What an instance and its imports share.
struct host_state {
  guest_host* host = nullptr;
  /// The guest's exported memory; null until it is instantiated.
  const wasmtime_memory* memory = nullptr;
  const guest_event* current = nullptr;
  /// The guest waits for the answer to a call.
  bool waiting = false;
  bool answered = false;
  /// It waits for room for a cast.
  bool blocked = false;
  call_result answer;
  /// Unfinished lines of stdout and stderr.
  std::array<std::string, 2> lines;
};

/// One import being called: its arguments, the guest's memory, the way to
/// fail. After an access that failed, `trap` is set and the body returns.
class wasm_call {
public:
  /// `cells` are the engine's raw values: 16 bytes each.
  wasm_call(host_state& where, wasmtime_context* context, void* cells)
    : state{where}, context_{context}, cells_{static_cast<char*>(cells)} {
    // nop
  }

  std::uint32_t u32(int argument) const;
  std::uint64_t u64(int argument) const;
  /// Arguments must have been read before: results take their place.
  void result(std::uint32_t value, int number = 0);

  /// `size` bytes of guest memory; traps if they are out of its bounds.
  std::span<char> bytes(std::uint32_t at, std::uint64_t size);
  /// What a pair of arguments says: pointer, size.
  std::string_view text(int argument);
  /// As text(), and traps unless it is UTF-8 of a sensible length.
  std::string_view channel(int argument);
  /// What a pair of arguments points to: node, component.
  instance_id instance(int argument);
  /// Copies to where the guest's allocator made room: traps if it did not.
  void store(std::uint32_t at, std::string_view bytes);
  void store_u32(std::uint32_t at, std::uint32_t value);

  bool trapped() const {
    return !trap.empty();
  }

  host_state& state;
  /// Why the guest traps; empty if it does not.
  std::string trap;

private:
  /// All of the guest's memory. It does not move within one import: nothing
  /// of the guest runs meanwhile.
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

/// EDGELESS' imports, but for call_asm and call_raw_asm: runtime/wat/caller.wat
/// makes those.
std::span<const wasm_import> env_imports();
/// The few of WASI that guests built with wasi-libc need.
std::span<const wasm_import> wasi_imports();
/// What driver.wat and caller.wat need of the host, but for those that
/// suspend.
std::span<const wasm_import> driver_imports();
/// They suspend until seat.answered, or while seat.blocked.
std::span<const wasm_import> call_imports();

/// Whether a module may import that. The signature is exact.
const wasm_import* find_guest_import(std::string_view module,
                                     std::string_view name);

/// Logs what a guest printed without ending the line.
void flush_lines(host_state& state);

/// Makes imports known to a linker. The store's data must be a host_state.
/// False only if the tables contradict themselves.
bool define_imports(wasmtime_linker* linker,
                    std::span<const wasm_import> imports);
bool define_suspending_imports(wasmtime_linker* linker,
                               std::span<const wasm_import> imports);

} // namespace edgeless
