/**
 * Whether the store had keys when it was last read, kept on this machine: a service that starts while its server is away
 * must know whether requests need one.
 *
 * @module
 */

import { makePrivateFile, makePrivateFolder } from "../../private_files.ts";
import { dirname, join } from "node:path";

/** What is remembered. */
export interface RememberedKeys {
  /** Null where the store was never read from here. */
  read(): "none" | "some" | null;
  /** Never throws: without it, the next start while the store is away knows nothing. */
  write(state: "none" | "some"): void;
}

/** Remembers in a file of the data folder. */
export function keysRemembered(dataFolder: string): RememberedKeys {
  const path = join(dataFolder, "keys-needed");
  return {
    read() {
      try {
        const text = Deno.readTextFileSync(path).trim();
        return text === "none" || text === "some" ? text : null;
      } catch {
        return null;
      }
    },
    write(state) {
      if (this.read() === state) return;
      try {
        makePrivateFolder(dirname(path));
        makePrivateFile(path);
        Deno.writeTextFileSync(path, `${state}\n`);
      } catch { /* as where it was never read */ }
    },
  };
}
