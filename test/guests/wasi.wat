;; Uses WASI as wasi-libc does: _initialize prints half a line, handle_init the
;; rest.
(module
  (import "wasi_snapshot_preview1" "fd_write"
    (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "wasi_snapshot_preview1" "clock_time_get"
    (func $clock (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get"
    (func $random (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get"
    (func $environment (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_fdstat_get"
    (func $status (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_prestat_get"
    (func $prestat (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "\40\00\00\00\06\00\00\00\50\00\00\00\08\00\00\00")
  (data (i32.const 64) "hello ")
  (data (i32.const 80) "world\nab")
  (func $expect_zero (param $zero i32)
    (if (local.get $zero) (then unreachable)))
  (func (export "_initialize")
    (call $expect_zero (call $write
      (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 0)))
    (call $expect_zero (i32.ne (i32.load (i32.const 0)) (i32.const 6))))
  (func (export "edgeless_mem_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "edgeless_mem_free") (param i32 i32))
  (func (export "edgeless_mem_clear"))
  (func (export "handle_init_asm") (param i32 i32 i32 i32)
    (call $expect_zero (call $write
      (i32.const 1) (i32.const 24) (i32.const 1) (i32.const 0)))
    (call $expect_zero (call $clock
      (i32.const 0) (i64.const 1) (i32.const 256)))
    (call $expect_zero (i64.eqz (i64.load (i32.const 256))))
    (call $expect_zero (call $random (i32.const 512) (i32.const 300)))
    (call $expect_zero (i64.eqz (i64.load (i32.const 800))))
    (i32.store (i32.const 900) (i32.const 7))
    (call $expect_zero (call $environment (i32.const 900) (i32.const 904)))
    (call $expect_zero (i32.load (i32.const 900)))
    (call $expect_zero (call $status (i32.const 1) (i32.const 900)))
    (call $expect_zero (i32.ne (call $prestat (i32.const 3) (i32.const 900))
                        (i32.const 8))))
  ;; Prints a line and a half to stderr, and exits.
  (func (export "handle_cast_asm") (param i32 i32 i32 i32)
    (call $expect_zero (call $write
      (i32.const 2) (i32.const 16) (i32.const 2) (i32.const 0)))
    (call $exit (i32.const 3)))
  (func (export "handle_call_asm")
    (param i32 i32 i32 i32 i32 i32) (result i32)
    ;; No such stream; a vector that is out of bounds.
    (call $expect_zero (i32.ne (i32.const 8) (call $write
      (i32.const 3) (i32.const 16) (i32.const 1) (i32.const 0))))
    (call $write
      (i32.const 1) (i32.const 65532) (i32.const 1) (i32.const 0)))
  (func (export "handle_stop_asm")))
