;; Gives the guest `call_asm` and `call_raw_asm`: suspends in the host, then
;; lets the guest's own allocator make room for the reply. And `cast_asm` to a
;; guest one of whose channels waits for room.
(module $edgeless_caller
  (type $alloc (func (param i32) (result i32)))
  ;; Channel and payload. 0 no reply, 1 a reply, 2 an error.
  (import "host" "call" (func $call (param i32 i32 i32 i32) (result i32)))
  ;; Node, component and payload.
  (import "host" "call_raw"
    (func $call_raw (param i32 i32 i32 i32) (result i32)))
  (import "host" "reply_size" (func $reply_size (result i32)))
  ;; Writes the reply, where it is, its size.
  (import "host" "reply_store" (func $reply_store (param i32 i32 i32)))
  ;; 0: there is no room.
  (import "host" "cast" (func $cast (param i32 i32 i32 i32) (result i32)))
  ;; Returns when there may be some.
  (import "host" "room" (func $room))
  ;; Its only element is the guest's allocator, which is born later than this.
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
