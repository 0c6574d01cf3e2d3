;; It imports a memory. Its state cannot be captured.
(module
  (import "env" "memory" (memory 1))
  (func (export "f")))
