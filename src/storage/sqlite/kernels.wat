;; The inner loops of vector search, 16 bytes at a time. Compiled into kernels.ts by
;;   deno run -A src/storage/sqlite/build_kernels.ts
;; All addresses are in bytes; all vectors are padded with zeros to a multiple of 16 bytes.
(module
  (import "index" "memory" (memory 1))

  ;; Hamming distances between one signature and `count` signatures that follow each other.
  (func (export "hamming")
    (param $signatures i32) (param $count i32) (param $bytes i32) (param $query i32) (param $out i32)
    (local $at i32) (local $sums v128)
    (if (i32.eqz (local.get $count)) (then (return)))
    (loop $each
      (local.set $sums (v128.const i32x4 0 0 0 0))
      (local.set $at (i32.const 0))
      (loop $step
        (local.set $sums (i16x8.add (local.get $sums) (i16x8.extadd_pairwise_i8x16_u (i8x16.popcnt (v128.xor
          (v128.load (i32.add (local.get $signatures) (local.get $at)))
          (v128.load (i32.add (local.get $query) (local.get $at))))))))
        (br_if $step (i32.lt_u
          (local.tee $at (i32.add (local.get $at) (i32.const 16))) (local.get $bytes))))
      (local.set $sums (i32x4.extadd_pairwise_i16x8_u (local.get $sums)))
      (i32.store16 (local.get $out) (i32.add
        (i32.add (i32x4.extract_lane 0 (local.get $sums)) (i32x4.extract_lane 1 (local.get $sums)))
        (i32.add (i32x4.extract_lane 2 (local.get $sums)) (i32x4.extract_lane 3 (local.get $sums)))))
      (local.set $out (i32.add (local.get $out) (i32.const 2)))
      (local.set $signatures (i32.add (local.get $signatures) (local.get $bytes)))
      (br_if $each (local.tee $count (i32.sub (local.get $count) (i32.const 1))))))

  ;; Dot products of the 16-bit query and the 8-bit codes at each of `count` addresses, as 32-bit integers.
  (func (export "dots")
    (param $addresses i32) (param $count i32) (param $bytes i32) (param $query i32) (param $out i32)
    (local $codes i32) (local $end i32) (local $at i32) (local $sums v128) (local $sixteen v128)
    (if (i32.eqz (local.get $count)) (then (return)))
    (loop $each
      (local.set $codes (i32.load (local.get $addresses)))
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
      (i32.store (local.get $out) (i32.add
        (i32.add (i32x4.extract_lane 0 (local.get $sums)) (i32x4.extract_lane 1 (local.get $sums)))
        (i32.add (i32x4.extract_lane 2 (local.get $sums)) (i32x4.extract_lane 3 (local.get $sums)))))
      (local.set $out (i32.add (local.get $out) (i32.const 4)))
      (local.set $addresses (i32.add (local.get $addresses) (i32.const 4)))
      (br_if $each (local.tee $count (i32.sub (local.get $count) (i32.const 1))))))

  ;; One bit for each code: whether it is above zero.
  (func (export "signs") (param $codes i32) (param $bytes i32) (param $out i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $codes) (local.get $bytes)))
    (loop $step
      (i32.store16 (local.get $out)
        (i8x16.bitmask (i8x16.gt_s (v128.load (local.get $codes)) (v128.const i32x4 0 0 0 0))))
      (local.set $out (i32.add (local.get $out) (i32.const 2)))
      (br_if $step (i32.lt_u
        (local.tee $codes (i32.add (local.get $codes) (i32.const 16))) (local.get $end)))))
)
