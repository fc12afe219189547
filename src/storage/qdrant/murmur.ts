/**
 * The number under which Qdrant's BM25 keeps a term: MurmurHash3 (x86, 32 bits, seed 0; Austin Appleby, public domain)
 * of its UTF-8, without the sign, as `token_id` in `lib/bm25/src/lib.rs` of Qdrant 1.18 computes it.
 *
 * @module
 */

const encoder = new TextEncoder();

/** The number of a term, 0 to 2^31. */
export function tokenId(token: string): number {
  const bytes = encoder.encode(token), whole = bytes.length & ~3;
  let hash = 0;
  for (let i = 0; i < whole; i += 4) {
    hash ^= scrambled(bytes[i]! | bytes[i + 1]! << 8 | bytes[i + 2]! << 16 | bytes[i + 3]! << 24);
    hash = Math.imul(hash << 13 | hash >>> 19, 5) + 0xe6546b64 | 0;
  }
  let rest = 0;
  for (let i = bytes.length - 1; i >= whole; i--) rest = rest << 8 | bytes[i]!;
  if (whole < bytes.length) hash ^= scrambled(rest);
  hash ^= bytes.length;
  hash = Math.imul(hash ^ hash >>> 16, 0x85ebca6b);
  hash = Math.imul(hash ^ hash >>> 13, 0xc2b2ae35);
  return Math.abs(hash ^ hash >>> 16);
}

function scrambled(block: number): number {
  const mixed = Math.imul(block, 0xcc9e2d51);
  return Math.imul(mixed << 15 | mixed >>> 17, 0x1b873593);
}
