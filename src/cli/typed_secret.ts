/**
 * Reads a secret from the terminal without showing it.
 *
 * @module
 */

import { writeError } from "../output.ts";

/** What is typed up to the end of the line. Ctrl-C ends the process, Ctrl-D the line. */
export async function typedSecret(question: string): Promise<string> {
  writeError(question);
  const typed: string[] = [], decoder = new TextDecoder();
  Deno.stdin.setRaw(true);
  try {
    const bytes = new Uint8Array(4096);
    while (true) {
      const count = await Deno.stdin.read(bytes);
      for (const character of decoder.decode(bytes.subarray(0, count ?? 0), { stream: true })) {
        if ("\r\n\x04".includes(character)) return typed.join("");
        if (character === "\x03") Deno.exit(130);
        if (character === "\x7f" || character === "\b") typed.pop();
        else typed.push(character);
      }
      if (count === null) return typed.join("");
    }
  } finally {
    Deno.stdin.setRaw(false);
    writeError("\n");
  }
}
