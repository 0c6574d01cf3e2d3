;; SPDX-License-Identifier: MIT
;; Measures calls. The init payload is two 32-bit numbers: calls per event (at
;; most 16384) and bytes per payload. With each event it calls "out" that often,
;; one call after the other, and casts their durations to "report": 32 bits of
;; nanoseconds each, all ones if a call failed.
(module
  (import "env" "cast_asm" (func $cast (param i32 i32 i32 i32)))
  (import "env" "call_asm"
    (func $call (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get"
    (func $clock_time_get (param i32 i64 i32) (result i32)))
  ;; Names, scratch space and blocks; the report begins at $samples.
  (memory (export "memory") 2)
  (data (i32.const 0) "out")
  (data (i32.const 8) "report")
  (global $samples i32 (i32.const 65536))
  (global $top (mut i32) (i32.const 4096))
  (global $calls (mut i32) (i32.const 0))
  (global $size (mut i32) (i32.const 0))

  ;; A stack of blocks, which are freed in reverse order.
  (func (export "edgeless_mem_alloc") (param $size i32) (result i32)
    (local $at i32)
    (local.set $at (global.get $top))
    (global.set $top
      (i32.add (local.get $at)
               (i32.and (i32.add (local.get $size) (i32.const 15))
                        (i32.const -16))))
    (local.get $at))
  (func $free (export "edgeless_mem_free") (param $at i32) (param i32)
    (global.set $top (local.get $at)))
  (func (export "edgeless_mem_clear")
    (global.set $top (i32.const 4096)))

  (func $now (result i64)
    (drop (call $clock_time_get (i32.const 1) (i64.const 1) (i32.const 32)))
    (i64.load (i32.const 32)))

  (func $timed_call (result i32)
    (local $since i64) (local $kind i32)
    (local.set $since (call $now))
    (local.set $kind
      (call $call (i32.const 0) (i32.const 3) (i32.const 0) (global.get $size)
                  (i32.const 48) (i32.const 52)))
    (if (result i32) (i32.eq (local.get $kind) (i32.const 1))
      (then
        (call $free (i32.load (i32.const 48)) (i32.load (i32.const 52)))
        (i32.wrap_i64 (i64.sub (call $now) (local.get $since))))
      (else (i32.const -1))))

  (func (export "handle_init_asm") (param $at i32) (param $size i32)
                                   (param i32 i32)
    (if (i32.ge_u (local.get $size) (i32.const 8)) (then
      (global.set $calls (i32.load (local.get $at)))
      (global.set $size (i32.load offset=4 (local.get $at))))))

  (func (export "handle_cast_asm") (param i32 i32 i32 i32)
    (local $done i32)
    (loop $next
      (i32.store
        (i32.add (global.get $samples)
                 (i32.shl (local.get $done) (i32.const 2)))
        (call $timed_call))
      (local.set $done (i32.add (local.get $done) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $done) (global.get $calls))))
    (call $cast (i32.const 8) (i32.const 6) (global.get $samples)
                (i32.shl (global.get $calls) (i32.const 2))))

  (func (export "handle_call_asm") (param i32 i32 i32 i32 i32 i32) (result i32)
    (i32.const 0))
  (func (export "handle_stop_asm")))
