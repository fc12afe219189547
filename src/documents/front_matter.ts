/**
 * The block of YAML before a Markdown text.
 *
 * @module
 */

/** Places in a text. */
export interface FrontMatter {
  /** Where the YAML begins, behind the line `---`, and where it ends. */
  start: number;
  end: number;
  /** Where the text goes on behind the closing line. */
  after: number;
}

/** The lines between `---` and `---` or `...`; null where the first line is none or the end is missing. */
export function frontMatterOf(text: string): FrontMatter | null {
  const start = lineEnd(text, 0);
  if (text.slice(0, start).trimEnd() !== "---") return null;
  for (let at = start; at < text.length;) {
    const after = lineEnd(text, at), line = text.slice(at, after).trimEnd();
    if (line === "---" || line === "...") return { start, end: at, after };
    at = after;
  }
  return null;
}

/** The place behind the line break that ends the line at `from`. */
function lineEnd(text: string, from: number): number {
  const at = text.indexOf("\n", from);
  return at < 0 ? text.length : at + 1;
}
