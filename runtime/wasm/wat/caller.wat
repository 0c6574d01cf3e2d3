;; Exports call_asm and call_raw_asm for the guest: each suspends in the host,
;; then allocates the reply with the guest's own allocator. Exports cast_asm for
;; guests that may block, and repeats a cast until there is room.
(module $edgeless_caller
  (type $alloc (func (param i32) (result i32)))
  ;; Channel and payload. Result: 0 no reply, 1 a reply, 2 an error.
  (import "host" "call" (func $call (param i32 i32 i32 i32) (result i32)))
  ;; Node, component and payload.
  (import "host" "call_raw"
    (func $call_raw (param i32 i32 i32 i32) (result i32)))
  (import "host" "reply_size" (func $reply_size (result i32)))
  ;; Stores the reply; then its address and its size at the other two.
  (import "host" "reply_store" (func $reply_store (param i32 i32 i32)))
  ;; Result: 0 if there is no room.
  (import "host" "cast" (func $cast (param i32 i32 i32 i32) (result i32)))
  ;; Suspends until there may be room.
  (import "host" "room" (func $room))
  ;; Its only element is the guest's allocator, set by joint.wat, since the guest
  ;; is instantiated after this module.
  (table (export "alloc") 1 1 funcref)

  (func $take (param $kind i32) (param $out i32) (param $out_size i32)
    (result i32)
    (if (i32.eq (local.get $kind) (i32.const 1))
      (then (call $reply_store
        (call_indirect (type $alloc) (call $reply_size) (i32.const 0))
        (local.get $out) (local.get $out_size))))
    (local.get $kind))

  (func (export "cast_asm")
    (param $channel i32) (param $channel_size i32)
    (param $payload i32) (param $size i32)
    (loop $again
      (if (i32.eqz
            (call $cast (local.get $channel) (local.get $channel_size)
                        (local.get $payload) (local.get $size)))
        (then (call $room) (br $again)))))

  (func (export "call_asm")
    (param $channel i32) (param $channel_size i32)
    (param $payload i32) (param $size i32)
    (param $out i32) (param $out_size i32) (result i32)
    (call $take
      (call $call (local.get $channel) (local.get $channel_size)
                  (local.get $payload) (local.get $size))
      (local.get $out) (local.get $out_size)))

  (func (export "call_raw_asm")
    (param $node i32) (param $component i32)
    (param $payload i32) (param $size i32)
    (param $out i32) (param $out_size i32) (result i32)
    (call $take
      (call $call_raw (local.get $node) (local.get $component)
                      (local.get $payload) (local.get $size))
      (local.get $out) (local.get $out_size))))
