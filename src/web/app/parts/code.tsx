/**
 * Blocks of code.
 *
 * @module
 */

import { t } from "../text.ts";
import { piecesOf } from "./highlight.ts";

/** Longer code stays plain. UTF-16 units. */
const LONGEST = 50_000;

/** A block of code. */
export function Code({ text, language = "" }: { text: string; language?: string }) {
  const isKnown = language !== "" && text.length <= LONGEST && !/^(text|plain|txt)$/i.test(language);
  return (
    <pre class="code" tabIndex={0} role="region" aria-label={t("code")} dir="ltr"><code>{isKnown
      ? piecesOf(text, language).map(({ kind, text }, index) => kind === "plain" ? text : <span key={index} class={kind}>{text}</span>)
      : text}</code></pre>
  );
}
