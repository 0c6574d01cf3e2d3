;; SPDX-License-Identifier: MIT
;; Generates casts. The init payload is three 32-bit numbers, EVERY, BURST and
;; SIZE: with each EVERY-th event it casts BURST payloads of SIZE bytes to "out".
;; A source casts a burst for each event, and a sink one event for each burst. If
;; EVERY is 0, it casts one burst at init. Calls are answered with their payload.
(module
  (import "env" "cast_asm" (func $cast (param i32 i32 i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "out")
  (global $top (mut i32) (i32.const 4096))
  (global $every (mut i32) (i32.const 0))
  (global $burst (mut i32) (i32.const 0))
  (global $size (mut i32) (i32.const 0))
  (global $count (mut i32) (i32.const 0))

  ;; Blocks are allocated in a row and freed together by edgeless_mem_clear; the
  ;; memory grows when necessary.
  (func (export "edgeless_mem_alloc") (param $size i32) (result i32)
    (local $at i32) (local $missing i32)
    (local.set $at (global.get $top))
    (global.set $top
      (i32.add (local.get $at)
               (i32.and (i32.add (local.get $size) (i32.const 15))
                        (i32.const -16))))
    (local.set $missing
      (i32.sub (global.get $top) (i32.shl (memory.size) (i32.const 16))))
    (if (i32.gt_s (local.get $missing) (i32.const 0)) (then
      (drop (memory.grow
        (i32.add (i32.shr_u (local.get $missing) (i32.const 16))
                 (i32.const 1))))))
    (local.get $at))
  (func (export "edgeless_mem_free") (param i32 i32))
  (func (export "edgeless_mem_clear")
    (global.set $top (i32.const 4096)))

  (func (export "handle_init_asm") (param $at i32) (param $size i32)
                                   (param i32 i32)
    (if (i32.ge_u (local.get $size) (i32.const 12)) (then
      (global.set $every (i32.load (local.get $at)))
      (global.set $burst (i32.load offset=4 (local.get $at)))
      (global.set $size (i32.load offset=8 (local.get $at)))
      (if (i32.eqz (global.get $every)) (then (call $cast_burst))))))

  (func (export "handle_cast_asm") (param i32 i32 i32 i32)
    (global.set $count (i32.add (global.get $count) (i32.const 1)))
    (br_if 0 (i32.ne (global.get $count) (global.get $every)))
    (global.set $count (i32.const 0))
    (call $cast_burst))

  (func $cast_burst (local $left i32)
    (local.set $left (global.get $burst))
    (block $done
      (loop $casts
        (br_if $done (i32.eqz (local.get $left)))
        (call $cast (i32.const 0) (i32.const 3)
                    (i32.const 0) (global.get $size))
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (br $casts))))

  (func (export "handle_call_asm")
    (param i32 i32) (param $payload i32) (param $size i32)
    (param $out i32) (param $out_size i32) (result i32)
    (i32.store (local.get $out) (local.get $payload))
    (i32.store (local.get $out_size) (local.get $size))
    (i32.const 1))
  (func (export "handle_stop_asm")))
