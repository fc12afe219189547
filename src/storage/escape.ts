/**
 * Text as every store can keep it. SQLite would cut a text off at a NUL, and a lone surrogate has no UTF-8 form, so both
 * are written as an escape between two U+0001, and so is U+0001 itself. All other text stays as it is.
 *
 * @module
 */

const MARK = "\u0001";
// deno-lint-ignore no-control-regex -- control characters are what this is about
const TROUBLE = /[\u0000\u0001]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
// deno-lint-ignore no-control-regex -- control characters are what this is about
const ESCAPE = /\u0001([0-9a-f]+)\u0001/g;

/** `text` in a form that stores keep whole; equal texts and only they have equal forms. */
export function escapeText(text: string): string {
  if (text.isWellFormed() && !text.includes("\0") && !text.includes(MARK)) return text;
  return text.replace(TROUBLE, (unit) => MARK + unit.charCodeAt(0).toString(16) + MARK);
}

/** The text that `escapeText` was given. */
export function unescapeText(kept: string): string {
  if (!kept.includes(MARK)) return kept;
  return kept.replace(ESCAPE, (_, code: string) => String.fromCharCode(parseInt(code, 16)));
}
