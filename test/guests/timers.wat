;; Polls timers and streams. A failed expectation is a trap.
(module
  (import "wasi_snapshot_preview1" "poll_oneoff"
    (func $poll (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
  (import "wasi_snapshot_preview1" "fd_fdstat_set_flags"
    (func $set_flags (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (memory (export "memory") 1)
  ;; Subscriptions at 64, 112 and 160: user data 7, 8 and 9.
  (data (i32.const 64) "\07")
  (data (i32.const 112) "\08")
  (data (i32.const 160) "\09")
  (func $expect (param $true i32)
    (if (i32.eqz (local.get $true)) (then unreachable)))
  ;; A relative timer of the monotonic clock.
  (func $timer (param $at i32) (param $time i64)
    (i32.store (i32.add (local.get $at) (i32.const 8)) (i32.const 0))
    (i32.store (i32.add (local.get $at) (i32.const 16)) (i32.const 1))
    (i64.store (i32.add (local.get $at) (i32.const 24)) (local.get $time)))
  (func $events (param $subscriptions i32) (result i32)
    (call $expect (i32.eqz (call $poll (i32.const 64) (i32.const 512)
                                       (local.get $subscriptions)
                                       (i32.const 1020))))
    (i32.load (i32.const 1020)))
  (func (export "edgeless_mem_alloc") (param i32) (result i32) (i32.const 4096))
  (func (export "edgeless_mem_free") (param i32 i32))
  (func (export "edgeless_mem_clear"))
  (func (export "handle_init_asm") (param i32 i32 i32 i32)
    (call $expect (i32.eqz (call $yield)))
    (call $expect (i32.eqz (call $set_flags (i32.const 1) (i32.const 4))))
    (call $expect (i32.eq (call $set_flags (i32.const 3) (i32.const 4))
                          (i32.const 8)))
    (call $expect (i32.eq
      (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 0)
                  (i32.const 0) (i64.const 0) (i64.const 0) (i32.const 0)
                  (i32.const 0))
      (i32.const 8)))
    ;; No subscription; too many.
    (call $expect (i32.eq (i32.const 28) (call $poll
      (i32.const 64) (i32.const 512) (i32.const 0) (i32.const 1020))))
    (call $expect (i32.eq (i32.const 28) (call $poll
      (i32.const 64) (i32.const 512) (i32.const 1025) (i32.const 1020)))))
  ;; Two timers: only the earlier one has passed.
  (func (export "handle_cast_asm") (param i32 i32 i32 i32)
    (call $timer (i32.const 64) (i64.const 5000000))
    (call $timer (i32.const 112) (i64.const 2000000))
    (call $expect (i32.eq (call $events (i32.const 2)) (i32.const 1)))
    (call $expect (i64.eq (i64.load (i32.const 512)) (i64.const 8)))
    (call $expect (i32.eqz (i32.load (i32.const 520)))))
  ;; A timer, a stream that is ready, and a descriptor that is not open.
  (func (export "handle_call_asm")
    (param i32 i32 i32 i32 i32 i32) (result i32)
    (call $timer (i32.const 64) (i64.const 5000000))
    (i32.store (i32.const 120) (i32.const 2))
    (i32.store (i32.const 128) (i32.const 1))
    (i64.store (i32.const 136) (i64.const 0))
    (i32.store (i32.const 168) (i32.const 1))
    (i32.store (i32.const 176) (i32.const 5))
    (call $expect (i32.eq (call $events (i32.const 3)) (i32.const 2)))
    (call $expect (i64.eq (i64.load (i32.const 512)) (i64.const 8)))
    (call $expect (i32.eq (i32.load (i32.const 520)) (i32.const 0x20000)))
    (call $expect (i64.eq (i64.load (i32.const 544)) (i64.const 9)))
    (call $expect (i32.eq (i32.load (i32.const 552)) (i32.const 0x10008)))
    (i32.const 0))
  ;; The events are out of bounds.
  (func (export "handle_stop_asm")
    (drop (call $poll (i32.const 64) (i32.const 65528) (i32.const 1)
                      (i32.const 1020)))))
