// SPDX-License-Identifier: MIT
// Executes the command in an event's payload; casts any other payload to "out".
#include "abi.h"

static void call_channel(const char* channel, const char* payload, u32 size) {
  char* reply = 0;
  u32 reply_size = 0;
  int kind
    = call_asm(channel, length(channel), payload, size, &reply, &reply_size);
  char text[1] = {(char)('0' + kind)};
  cast("kind", text, 1);
  if (kind == 1) {
    cast("reply", reply, reply_size);
    edgeless_mem_free(reply, reply_size);
  }
}

static void call_instance(const char* node, const char* component) {
  char* reply = 0;
  u32 reply_size = 0;
  if (call_raw_asm(node, component, "raw", 3, &reply, &reply_size) == 1)
    cast("reply", reply, reply_size);
}

static volatile int bottom = -1;

__attribute__((noinline)) static int deeper(int depth) {
  return depth == bottom ? 0 : (31 * deeper(depth + 1)) ^ depth;
}

/// What the stop handler does: 0 casts, 1 traps, 2 loops.
static int at_stop = 0;

static void report_own_id(void) {
  // Guard bytes show that exactly 16 bytes are written.
  char guarded[48];
  for (u32 i = 0; i < 48; ++i)
    guarded[i] = '.';
  slf_asm(guarded, guarded + 24);
  cast("self-id", guarded, 48);
}

static void exhaust_memory(void) {
  while (__builtin_wasm_memory_grow(0, 16) != (unsigned long)-1) {
  }
  char pages[4];
  u32 n = (u32)__builtin_wasm_memory_size(0);
  for (int i = 3; i >= 0; --i, n /= 10)
    pages[i] = (char)('0' + n % 10);
  cast("pages", pages, 4);
}

static void point_outside(const char* how, u32 size) {
  char* far = (char*)0xFFFFFFF8u;
  u32 n;
  if (starts_with(how, size, " channel"))
    cast_asm(far, 9, "", 0);
  else if (starts_with(how, size, " id"))
    slf_asm(far, far);
  else if (starts_with(how, size, " call"))
    call_asm("peer", 4, far, 9, &far, &n);
  else if (starts_with(how, size, " reply"))
    call_asm("peer", 4, "", 0, (char**)far, (u32*)(far + 5));
  else if (starts_with(how, size, " sync"))
    sync_asm(far, 0xFFFFFFFFu);
  else
    cast("out", far, 64);
}

static void execute(const char* node, const char* component, const char* payload,
                 u32 size) {
  if (starts_with(payload, size, "trap"))
    __builtin_trap();
  else if (starts_with(payload, size, "loop"))
    for (;;) {
      __asm__ volatile("");
    }
  else if (starts_with(payload, size, "call "))
    call_channel("peer", payload + 5, size - 5);
  else if (starts_with(payload, size, "raw call"))
    call_instance(node, component);
  else if (starts_with(payload, size, "raw cast"))
    cast_raw_asm(node, component, "raw", 3);
  else if (starts_with(payload, size, "later "))
    delayed_cast_asm(5000000000ull, "self", 4, payload + 6, size - 6);
  else if (starts_with(payload, size, "sync "))
    sync_asm(payload + 5, size - 5);
  else if (starts_with(payload, size, "log "))
    telemetry_log_asm((u32)(payload[4] - '0'), "echo", 4, payload + 6,
                      size - 6);
  else if (starts_with(payload, size, "channel "))
    cast_asm(payload + 8, size - 8, "", 0);
  else if (starts_with(payload, size, "id"))
    report_own_id();
  else if (starts_with(payload, size, "deep"))
    bottom = deeper(0);
  else if (starts_with(payload, size, "stop trap"))
    at_stop = 1;
  else if (starts_with(payload, size, "stop loop"))
    at_stop = 2;
  else if (starts_with(payload, size, "bomb"))
    exhaust_memory();
  else if (starts_with(payload, size, "outside"))
    point_outside(payload + 7, size - 7);
  else if (starts_with(payload, size, "self"))
    cast("self", payload, size);
  else
    cast("out", payload, size);
}

EXPORT(handle_init_asm)
void handle_init_asm(const char* payload, u32 size, const char* state,
                     u32 state_size) {
  char text[2] = {payload ? 'p' : '-', state ? 's' : '-'};
  cast("init", text, 2);
  if (state_size)
    cast("state", state, state_size);
  if (size)
    execute("", "", payload, size);
}

EXPORT(handle_cast_asm)
void handle_cast_asm(const char* node, const char* component,
                     const char* payload, u32 size) {
  if (starts_with(payload, size, "source")) {
    cast("node", node, 16);
    cast("component", component, 16);
  } else {
    execute(node, component, payload, size);
  }
}

EXPORT(handle_call_asm)
int handle_call_asm(const char* node, const char* component,
                    const char* payload, u32 size, const char** out,
                    u32* out_size) {
  if (starts_with(payload, size, "nothing"))
    return 0;
  if (starts_with(payload, size, "error"))
    return 2;
  if (!starts_with(payload, size, "answer"))
    execute(node, component, payload, size);
  *out = starts_with(payload, size, "answer outside") ? (char*)0xFFFFFFF8u : payload;
  *out_size = size;
  return 1;
}

EXPORT(handle_stop_asm) void handle_stop_asm(void) {
  if (at_stop == 1)
    __builtin_trap();
  while (at_stop == 2)
    __asm__ volatile("");
  cast("stop", "", 0);
}
