// SPDX-License-Identifier: MIT
// Payloads are numbers n. The first letter of the state selects what a cast
// does: `b` casts n times to "out", `v` casts n - 1 to "out" unless n is zero,
// `c` calls "out" n times. Every call is answered with its payload.
#include "abi.h"

static char errand = 0;

EXPORT(handle_init_asm)
void handle_init_asm(const char* payload, u32 size, const char* state,
                     u32 state_size) {
  (void)payload;
  (void)size;
  errand = state_size ? *state : 0;
}

EXPORT(handle_cast_asm)
void handle_cast_asm(const char* node, const char* component,
                     const char* payload, u32 size) {
  (void)node;
  (void)component;
  (void)size;
  u32 n = *(const u32*)payload;
  u32 event[4] = {0};
  if (errand == 'b')
    for (u32 i = 0; i < n; ++i)
      cast_asm("out", 3, (char*)event, sizeof event);
  else if (errand == 'v' && n > 0) {
    event[0] = n - 1;
    cast_asm("out", 3, (char*)event, sizeof event);
  } else if (errand == 'c')
    for (u32 i = 0; i < n; ++i) {
      char* reply;
      u32 reply_size;
      if (call_asm("out", 3, (char*)event, sizeof event, &reply, &reply_size)
          != 1)
        __builtin_trap();
      edgeless_mem_free(reply, reply_size);
    }
}

EXPORT(handle_call_asm)
int handle_call_asm(const char* node, const char* component,
                    const char* payload, u32 size, char** out, u32* out_size) {
  (void)node;
  (void)component;
  *out = (char*)payload;
  *out_size = size;
  return 1;
}

EXPORT(handle_stop_asm) void handle_stop_asm(void) {}
