;; SPDX-License-Identifier: MIT
;; Its init casts to "self", and that event is handled for ever.
(module
  (import "env" "cast_asm" (func $cast (param i32 i32 i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "self")
  (global $count (mut i32) (i32.const 0))

  (func (export "edgeless_mem_alloc") (param i32) (result i32)
    (i32.const 4096))
  (func (export "edgeless_mem_free") (param i32 i32))
  (func (export "edgeless_mem_clear"))

  (func (export "handle_init_asm") (param i32 i32 i32 i32)
    (call $cast (i32.const 0) (i32.const 4) (i32.const 0) (i32.const 0)))
  (func (export "handle_cast_asm") (param i32 i32 i32 i32)
    (loop $again
      (global.set $count (i32.add (global.get $count) (i32.const 1)))
      (br $again)))
  (func (export "handle_call_asm")
    (param i32 i32 i32 i32 i32 i32) (result i32)
    (i32.const 0))
  (func (export "handle_stop_asm")))
