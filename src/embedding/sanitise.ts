/**
 * Text made safe for tokenizers.
 *
 * @module
 */

/** Characters no tokenizer wants: NUL and other controls except tab, line feed and carriage return. */
// deno-lint-ignore no-control-regex -- control characters are what this is about
const CONTROLS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g;

/** Text that every tokenizer takes: controls are spaces, lone surrogates U+FFFD. The length stays the same. */
export function sanitise(text: string): string {
  return text.replace(CONTROLS, " ").toWellFormed();
}
