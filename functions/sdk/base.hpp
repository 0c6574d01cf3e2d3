// SPDX-License-Identifier: MIT

#pragma once

/// The base of the SDK: the imports, the functions that the compiler may call,
/// and panic.

#include "view.hpp"

// -- imports ------------------------------------------------------------------

#define EDGELESS_IMPORT(name)                                                  \
  __attribute__((import_module("env"), import_name(#name))) name

/// The eight functions of the host. Use the typed ones of edgeless.hpp instead.
namespace edgeless::imports {
extern "C" {
void EDGELESS_IMPORT(cast_raw_asm)(const void* node, const void* component,
                                   const char* payload, size_t size);
void EDGELESS_IMPORT(cast_asm)(const char* target, size_t target_size,
                               const char* payload, size_t size);
int32_t EDGELESS_IMPORT(call_raw_asm)(const void* node, const void* component,
                                      const char* payload, size_t size,
                                      char** out, size_t* out_size);
int32_t EDGELESS_IMPORT(call_asm)(const char* target, size_t target_size,
                                  const char* payload, size_t size, char** out,
                                  size_t* out_size);
void EDGELESS_IMPORT(telemetry_log_asm)(uint32_t level, const char* target,
                                        size_t target_size, const char* text,
                                        size_t size);
void EDGELESS_IMPORT(slf_asm)(void* node, void* component);
void EDGELESS_IMPORT(delayed_cast_asm)(uint64_t delay_ms, const char* target,
                                       size_t target_size, const char* payload,
                                       size_t size);
void EDGELESS_IMPORT(sync_asm)(const char* state, size_t size);
}
} // namespace edgeless::imports

// -- what the compiler may call -----------------------------------------------

// With bulk memory these builtins are single instructions, not calls.
extern "C" {
__attribute__((weak)) void* memcpy(void* to, const void* from, size_t n) {
  return __builtin_memcpy(to, from, n);
}
__attribute__((weak)) void* memmove(void* to, const void* from, size_t n) {
  return __builtin_memmove(to, from, n);
}
__attribute__((weak)) void* memset(void* to, int value, size_t n) {
  return __builtin_memset(to, value, n);
}
__attribute__((weak)) int memcmp(const void* a, const void* b, size_t n) {
  auto x = static_cast<const unsigned char*>(a);
  auto y = static_cast<const unsigned char*>(b);
  for (; n && *x == *y; --n, ++x, ++y) {
  }
  return n ? *x - *y : 0;
}
extern unsigned char __heap_base;
}

inline void* operator new(size_t, void* at) noexcept {
  return at;
}

namespace edgeless {

// -- panic --------------------------------------------------------------------

/// The target of log lines: the name of the exported struct, or its
/// `log_target` if it has one.
extern const string_view log_target;

/// Logs `why` as an error and traps: the host ends this instance.
[[noreturn]] inline void panic(string_view why) {
  imports::telemetry_log_asm(1, log_target.data(), log_target.size(),
                             why.data(), why.size());
  __builtin_trap();
}

/// Panics with `why` unless `fact` holds.
inline void check(bool fact, string_view why) {
  if (!fact)
    panic(why);
}

} // namespace edgeless
