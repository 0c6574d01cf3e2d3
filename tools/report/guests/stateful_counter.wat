;; SPDX-License-Identifier: MIT
;; Counts its events across restarts: syncs the number as its state, and casts it
;; to "out" (32 bits).
(module
  (import "env" "cast_asm" (func $cast (param i32 i32 i32 i32)))
  (import "env" "sync_asm" (func $sync (param i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "out")
  ;; The number is stored at address 16.
  (global $top (mut i32) (i32.const 4096))

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

  (func (export "handle_init_asm")
    (param i32 i32) (param $state i32) (param $size i32)
    (if (i32.ge_u (local.get $size) (i32.const 4)) (then
      (i32.store (i32.const 16) (i32.load (local.get $state))))))
  (func (export "handle_cast_asm") (param i32 i32 i32 i32)
    (i32.store (i32.const 16)
      (i32.add (i32.load (i32.const 16)) (i32.const 1)))
    (call $sync (i32.const 16) (i32.const 4))
    (call $cast (i32.const 0) (i32.const 3) (i32.const 16) (i32.const 4)))
  (func (export "handle_call_asm")
    (param i32 i32 i32 i32 i32 i32) (result i32)
    (i32.const 0))
  (func (export "handle_stop_asm")))
