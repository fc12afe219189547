/**
 * Two texts side by side, with what differs marked.
 *
 * @module
 */

import type { Run } from "./diff_words.ts";

/** One side of a comparison: its own text, with what the other one lacks marked. */
export function DiffSide({ runs, side, text }: { runs: Run[] | null; side: "first" | "second"; text: string }) {
  if (runs === null) return <p class="content" dir="auto">{text}</p>;
  return (
    <p class="content" dir="auto">
      {runs.filter(({ kind }) => kind === "same" || kind === side).map(({ kind, text }, index) =>
        kind === "same" ? text : <mark key={index} class={side}>{text}</mark>
      )}
    </p>
  );
}
