/**
 * Texts as searches compare them, near enough to mark words and to narrow a list: without case, accents and the forms
 * that Unicode has of one character.
 *
 * @module
 */

const CLUSTER = /\P{M}\p{M}*/gu;

/** A text without case and accents. */
export function fold(text: string): string {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().replace(/ß/g, "ss").replace(/ı/g, "i")
    .replace(/ς/g, "σ").normalize("NFC");
}

/** A text in parts, every other one of which is one of the words. */
export function splitAtWords(text: string, words: string[]): string[] {
  const wanted = words.map(fold).filter(Boolean).map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  if (wanted.length === 0) return [text];
  const starts: number[] = [];
  let folded = "";
  for (const { index, 0: cluster } of text.matchAll(CLUSTER)) {
    const part = fold(cluster);
    for (let i = 0; i < part.length; i++) starts.push(index);
    folded += part;
  }
  starts.push(text.length);
  const parts: string[] = [];
  let last = 0;
  for (const { index, 0: match } of folded.matchAll(new RegExp(wanted.join("|"), "gu"))) {
    const from = Math.max(last, starts[index]!), to = starts[index + match.length]!;
    parts.push(text.slice(last, from), text.slice(from, to));
    last = to;
  }
  return [...parts, text.slice(last)];
}

/** The words of a query that are worth marking, longest first. */
export function wordsOf(query: string): string[] {
  return [...new Set(query.match(/[\p{L}\p{M}\p{N}]{3,}/gu) ?? [])].slice(0, 20).sort((a, b) => b.length - a.length);
}
