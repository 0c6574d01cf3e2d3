;; A module with valid code and many faults in its imports and exports.
(module
  (import "env" "cast_asm" (func (param i32 i32 i32)))
  (import "env" "no_such_thing" (func))
  (import "wasi_snapshot_preview1" "path_find" (func))
  (import "env" "slf_asm" (global i32))
  (func $start)
  (start $start)
  (table (export "edgeless_mem_clear") 1 funcref)
  (func (export "edgeless_mem_alloc") (param i64) (result i32) (i32.const 1024))
  (func (export "handle_cast_asm") (param v128))
  (func (export "handle_call_asm")
    (param i32 i32 i32 i32 i32 i32) (result f32) (f32.const 0))
  (func (export "handle_stop_asm")))
