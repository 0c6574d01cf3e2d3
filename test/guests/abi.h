// SPDX-License-Identifier: MIT
// The functions' ABI from the guest's side, without a libc.
#pragma once

typedef unsigned int u32;
typedef unsigned long long u64;

#define IMPORT(name) __attribute__((import_module("env"), import_name(#name)))
#define EXPORT(name) __attribute__((export_name(#name), visibility("default")))

IMPORT(cast_asm) void cast_asm(const char*, u32, const char*, u32);
IMPORT(cast_raw_asm)
void cast_raw_asm(const char*, const char*, const char*, u32);
IMPORT(call_asm)
int call_asm(const char*, u32, const char*, u32, char**, u32*);
IMPORT(call_raw_asm)
int call_raw_asm(const char*, const char*, const char*, u32, char**, u32*);
IMPORT(telemetry_log_asm)
void telemetry_log_asm(u32, const char*, u32, const char*, u32);
IMPORT(slf_asm) void slf_asm(char*, char*);
IMPORT(delayed_cast_asm)
void delayed_cast_asm(u64, const char*, u32, const char*, u32);
IMPORT(sync_asm) void sync_asm(const char*, u32);

static inline u32 length(const char* text) {
  u32 n = 0;
  while (text[n])
    ++n;
  return n;
}

static inline void copy(char* to, const char* from, u32 n) {
  for (u32 i = 0; i < n; ++i)
    to[i] = from[i];
}

/// Whether a payload starts with a word.
static inline int starts_with(const char* payload, u32 size, const char* word) {
  u32 n = length(word);
  if (size < n)
    return 0;
  for (u32 i = 0; i < n; ++i)
    if (payload[i] != word[i])
      return 0;
  return 1;
}

static inline void cast(const char* channel, const char* payload, u32 size) {
  cast_asm(channel, length(channel), payload, size);
}

// A stack allocator: blocks freed in reverse order are reused, and
// edgeless_mem_clear frees all.
extern char __heap_base;
static u32 top = 0;

static inline u32 heap(void) {
  return ((u32)&__heap_base + 15u) & ~15u;
}

EXPORT(edgeless_mem_alloc) char* edgeless_mem_alloc(u32 size) {
  if (top == 0)
    top = heap();
  u32 at = top;
  u64 end = (u64)at + ((size + 15u) & ~15u);
  u64 have = (u64)__builtin_wasm_memory_size(0) << 16;
  if (end > have
      && __builtin_wasm_memory_grow(0, (end - have + 65535) >> 16)
           == (unsigned long)-1)
    return 0;
  top = (u32)end;
  return (char*)at;
}

EXPORT(edgeless_mem_free) void edgeless_mem_free(char* at, u32 size) {
  if ((u32)at + ((size + 15u) & ~15u) == top)
    top = (u32)at;
}

EXPORT(edgeless_mem_clear) void edgeless_mem_clear(void) {
  top = heap();
}
