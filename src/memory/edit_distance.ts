/**
 * How far apart two names are, to find out which one a misspelt name stands for.
 *
 * @module
 */

/**
 * Optimal string alignment distance: the insertions, deletions, replacements and swaps of neighbours that lead from one
 * text to the other. The time grows with the product of the lengths.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(editDistance("querry", "query"), 1);
 * assertEquals(editDistance("tgas", "tags"), 1);
 * ```
 */
export function editDistance(a: string, b: string): number {
  let [older, old, row]: [number[], number[], number[]] = [[], Array.from({ length: b.length + 1 }, (_, j) => j), []];
  for (let i = 1; i <= a.length; i++) {
    row = [i];
    for (let j = 1; j <= b.length; j++) {
      row[j] = Math.min(old[j]! + 1, row[j - 1]! + 1, old[j - 1]! + Number(a[i - 1] !== b[j - 1]));
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) row[j] = Math.min(row[j]!, older[j - 2]! + 1);
    }
    [older, old] = [old, row];
  }
  return old[b.length]!;
}
