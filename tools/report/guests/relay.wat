;; SPDX-License-Identifier: MIT
;; Casts each payload that it receives to "out".
(module
  (import "env" "cast_asm" (func $cast (param i32 i32 i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "out")
  (global $top (mut i32) (i32.const 4096))

  ;; Blocks are allocated in a row and freed together by edgeless_mem_clear.
  (func (export "edgeless_mem_alloc") (param $size i32) (result i32)
    (local $at i32)
    (local.set $at (global.get $top))
    (global.set $top
      (i32.add (local.get $at)
               (i32.and (i32.add (local.get $size) (i32.const 15))
                        (i32.const -16))))
    (local.get $at))
  (func (export "edgeless_mem_free") (param i32 i32))
  (func (export "edgeless_mem_clear")
    (global.set $top (i32.const 4096)))

  (func (export "handle_init_asm") (param i32 i32 i32 i32))
  (func (export "handle_cast_asm")
    (param i32 i32) (param $payload i32) (param $size i32)
    (call $cast (i32.const 0) (i32.const 3)
                (local.get $payload) (local.get $size)))
  (func (export "handle_call_asm")
    (param i32 i32 i32 i32 i32 i32) (result i32)
    (i32.const 0))
  (func (export "handle_stop_asm")))
