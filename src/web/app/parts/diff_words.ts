/**
 * What differs between two texts, by words.
 *
 * @module
 */

/** A run of words that both texts have, or one of them. */
export interface Run {
  kind: "same" | "first" | "second";
  text: string;
}

/** Words compared in each text; the table of the comparison grows with their product. */
const MOST_WORDS = 600;

/** The runs of two texts, by their longest common subsequence of words and blanks; null for texts too long to compare. */
export function diffWords(first: string, second: string): Run[] | null {
  const a = wordsIn(first), b = wordsIn(second);
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < Math.min(a.length, b.length) - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  const middleA = a.slice(start, a.length - end), middleB = b.slice(start, b.length - end);
  if (middleA.length > MOST_WORDS || middleB.length > MOST_WORDS) return null;
  const runs: Run[] = [];
  const push = (kind: Run["kind"], text: string) => {
    const last = runs.at(-1);
    if (last?.kind === kind) last.text += text;
    else if (text !== "") runs.push({ kind, text });
  };
  push("same", a.slice(0, start).join(""));
  for (const { kind, text } of middle(middleA, middleB)) push(kind, text);
  push("same", a.slice(a.length - end).join(""));
  return runs;
}

function wordsIn(text: string): string[] {
  return text.match(/[\p{L}\p{M}\p{N}]+|\s+|[^\p{L}\p{M}\p{N}\s]/gu) ?? [];
}

function* middle(a: string[], b: string[]): Generator<Run> {
  const width = b.length + 1, lengths = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      lengths[i * width + j] = a[i] === b[j]
        ? lengths[(i + 1) * width + j + 1]! + 1
        : Math.max(lengths[(i + 1) * width + j]!, lengths[i * width + j + 1]!);
    }
  }
  let i = 0, j = 0;
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) {
      yield { kind: "same", text: a[i]! };
      i++;
      j++;
    } else if (lengths[(i + 1) * width + j]! >= lengths[i * width + j + 1]!) yield { kind: "first", text: a[i++]! };
    else yield { kind: "second", text: b[j++]! };
  }
  while (i < a.length) yield { kind: "first", text: a[i++]! };
  while (j < b.length) yield { kind: "second", text: b[j++]! };
}
