;; A global that changes is a reference to a function. Its state cannot be captured.
(module
  (memory (export "memory") 1)
  (func (export "edgeless_mem_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "edgeless_mem_free") (param i32 i32))
  (func (export "edgeless_mem_clear"))
  (func (export "handle_init_asm") (param i32 i32 i32 i32))
  (func (export "handle_call_asm")
    (param i32 i32 i32 i32 i32 i32) (result i32) (i32.const 0))
  (func (export "handle_stop_asm"))
  (global $g (mut funcref) (ref.null func))
  (func (export "handle_cast_asm") (param i32 i32 i32 i32)
    (global.set $g (ref.null func))))
