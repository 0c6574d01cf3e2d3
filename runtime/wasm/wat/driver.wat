;; The event loop of a guest. It takes events from the host until none is left,
;; so that many events cost one entry into WebAssembly. Event buffers come from
;; the guest's own allocator, as the ABI requires.
(module $edgeless_driver
  ;; The next event (0 none, 1 init, 2 cast, 3 call, 4 stop) and the size of its
  ;; payload.
  (import "host" "next" (func $next (result i32 i32)))
  (import "host" "state_size" (func $state_size (result i32)))
  ;; Stores the source's node and component, and the payload.
  (import "host" "load" (func $load (param i32 i32 i32)))
  ;; Stores the init payload and the state.
  (import "host" "load_init" (func $load_init (param i32 i32)))
  ;; The answer to a call: kind, address, size. The host copies it.
  (import "host" "done" (func $done (param i32 i32 i32)))
  (import "guest" "memory" (memory 0))
  (import "guest" "edgeless_mem_alloc" (func $alloc (param i32) (result i32)))
  (import "guest" "edgeless_mem_free" (func $free (param i32 i32)))
  (import "guest" "edgeless_mem_clear" (func $clear))
  (import "guest" "handle_init_asm" (func $init (param i32 i32 i32 i32)))
  (import "guest" "handle_cast_asm" (func $cast (param i32 i32 i32 i32)))
  (import "guest" "handle_call_asm"
    (func $call (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "guest" "handle_stop_asm" (func $stop))

  (func $room (param $size i32) (result i32)
    (if (result i32) (local.get $size)
      (then (call $alloc (local.get $size)))
      (else (i32.const 0))))

  (func $drop (param $at i32) (param $size i32)
    (if (local.get $size)
      (then (call $free (local.get $at) (local.get $size)))))

  (func $handle_init (param $size i32)
    (local $payload i32) (local $state i32) (local $state_size i32)
    (local.set $payload (call $room (local.get $size)))
    (local.set $state (call $room (local.tee $state_size (call $state_size))))
    (call $load_init (local.get $payload) (local.get $state))
    (call $init (local.get $payload) (local.get $size)
                (local.get $state) (local.get $state_size))
    (call $drop (local.get $payload) (local.get $size))
    (call $drop (local.get $state) (local.get $state_size)))

  (func $handle_call
    (param $node i32) (param $component i32) (param $payload i32)
    (param $size i32)
    (local $out i32) (local $out_size i32) (local $kind i32)
    (local.set $out (call $alloc (i32.const 4)))
    (local.set $out_size (call $alloc (i32.const 4)))
    (local.set $kind
      (call $call (local.get $node) (local.get $component)
                  (local.get $payload) (local.get $size)
                  (local.get $out) (local.get $out_size)))
    ;; Before anything else is allocated: the guest has already freed the reply.
    (if (i32.eq (local.get $kind) (i32.const 1))
      (then (call $done (i32.const 1) (i32.load (local.get $out))
                        (i32.load (local.get $out_size))))
      (else (call $done (local.get $kind) (i32.const 0) (i32.const 0))))
    (call $free (local.get $out) (i32.const 4))
    (call $free (local.get $out_size) (i32.const 4)))

  (func (export "run")
    (local $kind i32) (local $size i32)
    (local $component i32) (local $node i32) (local $payload i32)
    (loop $events
      (call $next)
      (local.set $size)
      (local.set $kind)
      (br_if 1 (i32.eqz (local.get $kind)))
      (if (i32.eq (local.get $kind) (i32.const 1)) (then
        (call $handle_init (local.get $size))
        (br $events)))
      (call $clear)
      (if (i32.eq (local.get $kind) (i32.const 4)) (then
        (call $stop)
        (br $events)))
      (local.set $component (call $alloc (i32.const 16)))
      (local.set $node (call $alloc (i32.const 16)))
      (local.set $payload (call $alloc (local.get $size)))
      (call $load (local.get $node) (local.get $component)
                  (local.get $payload))
      (if (i32.eq (local.get $kind) (i32.const 2))
        (then (call $cast (local.get $node) (local.get $component)
                          (local.get $payload) (local.get $size)))
        (else (call $handle_call (local.get $node) (local.get $component)
                                 (local.get $payload) (local.get $size))))
      (call $free (local.get $component) (i32.const 16))
      (call $free (local.get $node) (i32.const 16))
      (call $drop (local.get $payload) (local.get $size))
      (br $events))))
