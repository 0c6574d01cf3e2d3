;; It overwrites a table. Its state cannot be captured.
(module
  (memory (export "memory") 1)
  (func (export "edgeless_mem_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "edgeless_mem_free") (param i32 i32))
  (func (export "edgeless_mem_clear"))
  (func (export "handle_init_asm") (param i32 i32 i32 i32))
  (func (export "handle_call_asm")
    (param i32 i32 i32 i32 i32 i32) (result i32) (i32.const 0))
  (func (export "handle_stop_asm"))
  (table $t 2 funcref)
  (func (export "handle_cast_asm") (param i32 i32 i32 i32)
    (table.fill $t (i32.const 0) (ref.null func) (i32.const 2))))
