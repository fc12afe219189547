/**
 * Who a new memory is by. It comes from the runtime's caller, never from what a client sends.
 *
 * @module
 */

import type { Channel, Writer } from "../memory/memory.ts";
import type { Runtime } from "./runtime.ts";

/** Characters of each name that is kept. */
const MAX_NAME = 200;

/**
 * The writer of what the runtime's caller stores now.
 *
 * @param channel How it comes in, where that isn't how the caller's request did.
 */
export function writerOf({ caller }: Pick<Runtime, "caller">, channel: Channel = caller.channel): Writer {
  const { name, client } = caller;
  return {
    name: plain(name),
    channel,
    ...client === undefined ? {} : {
      client: {
        name: plain(client.name),
        ...client.version === undefined ? {} : { version: plain(client.version) },
      },
    },
  };
}

/** The writer of what an import brings: the file it is from, where that is known. */
export function importWriter(runtime: Pick<Runtime, "caller">, file: string | undefined): Writer {
  return { ...writerOf(runtime, "import"), ...file === undefined ? {} : { name: plain(file) } };
}

/** On one line, without what can't be seen, and short. */
function plain(name: string): string {
  const shown = name.toWellFormed().replace(/[\s\p{C}]+/gu, " ").trim();
  return shown.slice(0, MAX_NAME).toWellFormed();
}
