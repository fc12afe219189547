;; The inner loops of vector search, 16 bytes at a time. Compiled into kernels.ts by
;;   deno run -A --no-lock src/storage/sqlite/build_kernels.ts
;; All addresses are in bytes; all vectors are padded with zeros to a multiple of 16 bytes.
(module
  (import "index" "memory" (memory 1))

  ;; Distances of `groups` times 16 signatures. Those of a group lie across: `rows` of 16 bytes, a byte of each
  ;; signature in a row. For each row there are two tables of 16 bytes, by the low and by the high four bits of a byte:
  ;; what these four bits add to the distance, at most 127.
  (func (export "distances")
    (param $signs i32) (param $groups i32) (param $rows i32) (param $tables i32) (param $out i32)
    (local $table i32) (local $end i32) (local $bytes v128) (local $low v128) (local $high v128)
    (if (i32.eqz (local.get $groups)) (then (return)))
    (local.set $end (i32.add (local.get $tables) (i32.shl (local.get $rows) (i32.const 5))))
    (loop $each
      (local.set $low (v128.const i32x4 0 0 0 0))
      (local.set $high (v128.const i32x4 0 0 0 0))
      (local.set $table (local.get $tables))
      (loop $row
        (local.set $bytes (v128.load (local.get $signs)))
        (local.set $bytes (i8x16.add
          (i8x16.swizzle (v128.load (local.get $table))
            (v128.and (local.get $bytes) (v128.const i32x4 0x0f0f0f0f 0x0f0f0f0f 0x0f0f0f0f 0x0f0f0f0f)))
          (i8x16.swizzle (v128.load offset=16 (local.get $table))
            (v128.and (i16x8.shr_u (local.get $bytes) (i32.const 4))
              (v128.const i32x4 0x0f0f0f0f 0x0f0f0f0f 0x0f0f0f0f 0x0f0f0f0f)))))
        (local.set $low (i16x8.add (local.get $low) (i16x8.extend_low_i8x16_u (local.get $bytes))))
        (local.set $high (i16x8.add (local.get $high) (i16x8.extend_high_i8x16_u (local.get $bytes))))
        (local.set $signs (i32.add (local.get $signs) (i32.const 16)))
        (br_if $row (i32.lt_u
          (local.tee $table (i32.add (local.get $table) (i32.const 32))) (local.get $end))))
      (v128.store (local.get $out) (local.get $low))
      (v128.store offset=16 (local.get $out) (local.get $high))
      (local.set $out (i32.add (local.get $out) (i32.const 32)))
      (br_if $each (local.tee $groups (i32.sub (local.get $groups) (i32.const 1))))))

  ;; Counts how often each of `count` 16-bit distances occurs.
  (func (export "histogram") (param $distances i32) (param $count i32) (param $counts i32)
    (local $at i32)
    (if (i32.eqz (local.get $count)) (then (return)))
    (loop $each
      (local.set $at (i32.add (local.get $counts) (i32.shl (i32.load16_u (local.get $distances)) (i32.const 2))))
      (i32.store (local.get $at) (i32.add (i32.load (local.get $at)) (i32.const 1)))
      (local.set $distances (i32.add (local.get $distances) (i32.const 2)))
      (br_if $each (local.tee $count (i32.sub (local.get $count) (i32.const 1))))))

  ;; Writes the numbers, counted from `first`, of distances between `from` and `to` to `out` until `end`; returns where
  ;; it stopped. `count` is a multiple of 8.
  (func (export "select")
    (param $distances i32) (param $count i32) (param $from i32) (param $to i32)
    (param $first i32) (param $out i32) (param $end i32) (result i32)
    (local $eight v128) (local $bits i32) (local $lowest v128) (local $highest v128)
    (local.set $lowest (i16x8.splat (local.get $from)))
    (local.set $highest (i16x8.splat (local.get $to)))
    (loop $each
      (local.set $eight (v128.load (local.get $distances)))
      (local.set $bits (i16x8.bitmask (v128.and
        (i16x8.ge_u (local.get $eight) (local.get $lowest)) (i16x8.le_u (local.get $eight) (local.get $highest)))))
      (block $none
        (loop $bit
          (br_if $none (i32.eqz (local.get $bits)))
          (br_if $none (i32.ge_u (local.get $out) (local.get $end)))
          (i32.store (local.get $out) (i32.add (local.get $first) (i32.ctz (local.get $bits))))
          (local.set $out (i32.add (local.get $out) (i32.const 4)))
          (local.set $bits (i32.and (local.get $bits) (i32.sub (local.get $bits) (i32.const 1))))
          (br $bit)))
      (local.set $first (i32.add (local.get $first) (i32.const 8)))
      (local.set $distances (i32.add (local.get $distances) (i32.const 16)))
      (br_if $each (local.tee $count (i32.sub (local.get $count) (i32.const 8)))))
    (local.get $out))

  ;; Dot products of the 16-bit query and the 8-bit codes of `count` chunks, as 32-bit integers. A chunk's number is
  ;; that of its block and, in the lowest 10 bits, its place there; `bytes` are those of a chunk's codes.
  (func (export "dots")
    (param $chunks i32) (param $count i32) (param $bytes i32) (param $query i32) (param $out i32)
    (param $blocks i32) (param $blockBytes i32)
    (local $chunk i32) (local $codes i32) (local $end i32) (local $at i32) (local $sums v128) (local $sixteen v128)
    (if (i32.eqz (local.get $count)) (then (return)))
    (loop $each
      (local.set $chunk (i32.load (local.get $chunks)))
      (local.set $codes (i32.add (local.get $blocks) (i32.add
        (i32.mul (i32.shr_u (local.get $chunk) (i32.const 10)) (local.get $blockBytes))
        (i32.mul (i32.and (local.get $chunk) (i32.const 1023)) (local.get $bytes)))))
      (local.set $end (i32.add (local.get $codes) (local.get $bytes)))
      (local.set $at (local.get $query))
      (local.set $sums (v128.const i32x4 0 0 0 0))
      (loop $step
        (local.set $sixteen (v128.load (local.get $codes)))
        (local.set $sums (i32x4.add (local.get $sums) (i32x4.add
          (i32x4.dot_i16x8_s (i16x8.extend_low_i8x16_s (local.get $sixteen)) (v128.load (local.get $at)))
          (i32x4.dot_i16x8_s (i16x8.extend_high_i8x16_s (local.get $sixteen)) (v128.load offset=16 (local.get $at))))))
        (local.set $at (i32.add (local.get $at) (i32.const 32)))
        (br_if $step (i32.lt_u
          (local.tee $codes (i32.add (local.get $codes) (i32.const 16))) (local.get $end))))
      (i32.store (local.get $out) (call $total (local.get $sums)))
      (local.set $out (i32.add (local.get $out) (i32.const 4)))
      (local.set $chunks (i32.add (local.get $chunks) (i32.const 4)))
      (br_if $each (local.tee $count (i32.sub (local.get $count) (i32.const 1))))))

  ;; One bit for each code: whether it is above zero. A byte goes to every sixteenth place, see `distances`.
  (func (export "signs") (param $codes i32) (param $bytes i32) (param $out i32)
    (local $end i32) (local $bits i32)
    (local.set $end (i32.add (local.get $codes) (local.get $bytes)))
    (loop $step
      (local.set $bits (i8x16.bitmask
        (i8x16.gt_s (v128.load (local.get $codes)) (v128.const i32x4 0 0 0 0))))
      (i32.store8 (local.get $out) (local.get $bits))
      (i32.store8 offset=16 (local.get $out) (i32.shr_u (local.get $bits) (i32.const 8)))
      (local.set $out (i32.add (local.get $out) (i32.const 32)))
      (br_if $step (i32.lt_u
        (local.tee $codes (i32.add (local.get $codes) (i32.const 16))) (local.get $end)))))

  (func $total (param $sums v128) (result i32)
    (i32.add
      (i32.add (i32x4.extract_lane 0 (local.get $sums)) (i32x4.extract_lane 1 (local.get $sums)))
      (i32.add (i32x4.extract_lane 2 (local.get $sums)) (i32x4.extract_lane 3 (local.get $sums)))))
)
