;; Takes memory in twelve memories of one instance, of which none alone gets past 16 MiB: 192 MiB in all. It writes to
;; each page that it got, and answers with an empty report only if it got them all.
;;
;; Rust has one memory, so this one is written by hand; `tests/bundle` makes it a component of the provider's world.
(module
  (import "claviger:provider/logging@0.1.0" "log" (func $log (param i32 i32 i32)))
  (memory $main (export "memory") 2)
  (memory $m1 0) (memory $m2 0) (memory $m3 0) (memory $m4 0) (memory $m5 0) (memory $m6 0)
  (memory $m7 0) (memory $m8 0) (memory $m9 0) (memory $m10 0) (memory $m11 0) (memory $m12 0)

  ;; At 16, the manifest; at 8192, 96 zeros, which are `ok` of a report in which nothing is set; at 4096, what it logs.
  (data (i32.const 16) "{\"name\":\"many-memories\",\"version\":\"0.1.0\",\"description\":\"A test plugin.\",\"origins\":[],\"kinds\":[{\"name\":\"test\",\"label\":\"Test\",\"fields\":[{\"name\":\"secret\",\"label\":\"Secret\",\"secret\":true,\"required\":true}]}]}")
  (data (i32.const 4096) "16 MiB more")
  (global $free (mut i32) (i32.const 65536))

  (func (export "claviger:provider/manifest@0.1.0#describe") (result i32)
    (i32.store (i32.const 8) (i32.const 16))
    (i32.store (i32.const 12) (i32.const 203))
    (i32.const 8))

  (func (export "claviger:provider/validation@0.1.0#validate") (param i32) (result i32)
    (if (i32.eq (memory.grow $m1 (i32.const 256)) (i32.const -1)) (then unreachable))
    (memory.fill $m1 (i32.const 0) (i32.const 165) (i32.const 0x1000000))
    (call $log (i32.const 1) (i32.const 4096) (i32.const 11))
    (if (i32.eq (memory.grow $m2 (i32.const 256)) (i32.const -1)) (then unreachable))
    (memory.fill $m2 (i32.const 0) (i32.const 165) (i32.const 0x1000000))
    (call $log (i32.const 1) (i32.const 4096) (i32.const 11))
    (if (i32.eq (memory.grow $m3 (i32.const 256)) (i32.const -1)) (then unreachable))
    (memory.fill $m3 (i32.const 0) (i32.const 165) (i32.const 0x1000000))
    (call $log (i32.const 1) (i32.const 4096) (i32.const 11))
    (if (i32.eq (memory.grow $m4 (i32.const 256)) (i32.const -1)) (then unreachable))
    (memory.fill $m4 (i32.const 0) (i32.const 165) (i32.const 0x1000000))
    (call $log (i32.const 1) (i32.const 4096) (i32.const 11))
    (if (i32.eq (memory.grow $m5 (i32.const 256)) (i32.const -1)) (then unreachable))
    (memory.fill $m5 (i32.const 0) (i32.const 165) (i32.const 0x1000000))
    (call $log (i32.const 1) (i32.const 4096) (i32.const 11))
    (if (i32.eq (memory.grow $m6 (i32.const 256)) (i32.const -1)) (then unreachable))
    (memory.fill $m6 (i32.const 0) (i32.const 165) (i32.const 0x1000000))
    (call $log (i32.const 1) (i32.const 4096) (i32.const 11))
    (if (i32.eq (memory.grow $m7 (i32.const 256)) (i32.const -1)) (then unreachable))
    (memory.fill $m7 (i32.const 0) (i32.const 165) (i32.const 0x1000000))
    (call $log (i32.const 1) (i32.const 4096) (i32.const 11))
    (if (i32.eq (memory.grow $m8 (i32.const 256)) (i32.const -1)) (then unreachable))
    (memory.fill $m8 (i32.const 0) (i32.const 165) (i32.const 0x1000000))
    (call $log (i32.const 1) (i32.const 4096) (i32.const 11))
    (if (i32.eq (memory.grow $m9 (i32.const 256)) (i32.const -1)) (then unreachable))
    (memory.fill $m9 (i32.const 0) (i32.const 165) (i32.const 0x1000000))
    (call $log (i32.const 1) (i32.const 4096) (i32.const 11))
    (if (i32.eq (memory.grow $m10 (i32.const 256)) (i32.const -1)) (then unreachable))
    (memory.fill $m10 (i32.const 0) (i32.const 165) (i32.const 0x1000000))
    (call $log (i32.const 1) (i32.const 4096) (i32.const 11))
    (if (i32.eq (memory.grow $m11 (i32.const 256)) (i32.const -1)) (then unreachable))
    (memory.fill $m11 (i32.const 0) (i32.const 165) (i32.const 0x1000000))
    (call $log (i32.const 1) (i32.const 4096) (i32.const 11))
    (if (i32.eq (memory.grow $m12 (i32.const 256)) (i32.const -1)) (then unreachable))
    (memory.fill $m12 (i32.const 0) (i32.const 165) (i32.const 0x1000000))
    (call $log (i32.const 1) (i32.const 4096) (i32.const 11))
    (i32.const 8192))

  ;; Memory for what the host passes in; never given back.
  (func (export "cabi_realloc") (param $old i32) (param $old-size i32) (param $align i32) (param $size i32) (result i32)
    (local $at i32)
    (local.set $at
      (i32.and
        (i32.add (global.get $free) (i32.sub (local.get $align) (i32.const 1)))
        (i32.sub (i32.const 0) (local.get $align))))
    (global.set $free (i32.add (local.get $at) (local.get $size)))
    (local.get $at)))
