/**
 * Changing a text in the user's editor.
 *
 * @module
 */

import { join } from "node:path";
import { errorText, MemoryError } from "../errors.ts";
import type { ClientContext } from "./context.ts";

/**
 * The text as the user left it, without the line break that editors put at the end.
 *
 * @throws {MemoryError} `configuration` without an editor; `refused` where it ended with a fault.
 */
export async function editText(context: ClientContext, text: string): Promise<string> {
  await context.load();
  const { VISUAL, EDITOR } = context.environment(), editor = (VISUAL ?? "").trim() || (EDITOR ?? "").trim();
  if (editor === "" || !context.terminal) {
    const lacking = editor === "" ? "EDITOR names no program" : "there is no terminal for an editor";
    throw new MemoryError("configuration", `Cannot edit: ${lacking}; give the new text, or - for standard input`);
  }
  // A folder of its own, for the files that editors leave beside.
  const folder = await Deno.makeTempDir({ prefix: "unimem-" });
  try {
    const file = join(folder, "memory.md");
    await Deno.writeTextFile(file, `${text}\n`, { mode: 0o600 });
    const code = await run(context, editor, file);
    if (code !== 0) throw new MemoryError("refused", `Cannot edit: ${editor} ended with ${code}; nothing was changed`);
    return (await Deno.readTextFile(file)).replace(/\r?\n$/, "");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The editor may be several words, which a shell takes apart as it does for others that use the variable. */
async function run({ run, place }: ClientContext, editor: string, file: string): Promise<number> {
  const command = place.os === "windows"
    ? [...editor.split(/\s+/), file]
    : ["/bin/sh", "-c", `${editor} "$1"`, "sh", file];
  try {
    return await run(command);
  } catch (error) {
    throw new MemoryError("configuration", `Cannot run the editor ${editor}: ${errorText(error)}`, { cause: error });
  }
}
