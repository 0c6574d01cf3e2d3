;; Its start function casts "started", sleeps for 3 ms and casts "rested";
;; handle_init casts "init", but only after the start function.
(module
  (import "env" "cast_asm" (func $cast (param i32 i32 i32 i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff"
    (func $poll (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "outstartedrestedinit")
  ;; A relative timer of 3,000,000 ns of the monotonic clock.
  (data (i32.const 80) "\01\00\00\00\00\00\00\00\c0\c6\2d")
  (global $ready (mut i32) (i32.const 0))
  (func $start
    (call $cast (i32.const 0) (i32.const 3) (i32.const 3) (i32.const 7))
    (if (call $poll (i32.const 64) (i32.const 128) (i32.const 1)
                    (i32.const 256))
      (then unreachable))
    (call $cast (i32.const 0) (i32.const 3) (i32.const 10) (i32.const 6))
    (global.set $ready (i32.const 1)))
  (start $start)
  (func (export "edgeless_mem_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "edgeless_mem_free") (param i32 i32))
  (func (export "edgeless_mem_clear"))
  (func (export "handle_init_asm") (param i32 i32 i32 i32)
    (if (i32.eqz (global.get $ready)) (then unreachable))
    (call $cast (i32.const 0) (i32.const 3) (i32.const 16) (i32.const 4)))
  (func (export "handle_cast_asm") (param i32 i32 i32 i32))
  (func (export "handle_call_asm")
    (param i32 i32 i32 i32 i32 i32) (result i32) (i32.const 0))
  (func (export "handle_stop_asm")))
