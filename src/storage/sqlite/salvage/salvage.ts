/**
 * What can still be read of a damaged database.
 *
 * @module
 */

import { MemoryError } from "../../../errors.ts";
import { makePrivateFile } from "../../../private_files.ts";
import type { Memory } from "../../../memory/memory.ts";
import type { Relation } from "../../contract/relations.ts";
import type { TrashedMemory } from "../../contract/trash.ts";
import type { Salvage } from "../../files.ts";
import type { SalvageAnswer, SalvageFacts, SalvageTask } from "./salvage_worker.ts";

/**
 * Looks through the database at `path`, which may be open. Takes as much room beside it as the file has, until closed.
 *
 * @throws {MemoryError} `unavailable` when it can't be copied or nothing can be read.
 */
export async function openSalvage(path: string): Promise<Salvage> {
  const copy = `${path}.salvage-${crypto.randomUUID()}`;
  const work = new SalvageWork(path, copy);
  try {
    const answer = await work.ask({ open: path, copy });
    if (!("facts" in answer)) throw new Error("No facts");
    return new FoundRows(work, answer.facts);
  } catch (error) {
    await work.end();
    throw error;
  }
}

class SalvageWork {
  readonly #path: string;
  readonly #copy: string;
  readonly #worker = new Worker(new URL("./salvage_worker.ts", import.meta.url), { type: "module", name: "salvage" });

  constructor(path: string, copy: string) {
    this.#path = path;
    this.#copy = copy;
    makePrivateFile(copy);
  }

  /** One task at a time. */
  async ask(task: SalvageTask): Promise<SalvageAnswer> {
    const answer = await new Promise<SalvageAnswer>((resolve) => {
      this.#worker.onmessage = ({ data }: MessageEvent<SalvageAnswer>) => resolve(data);
      this.#worker.onerror = (event) => {
        event.preventDefault();
        resolve({ failed: event.message });
      };
      this.#worker.postMessage(task);
    });
    if ("failed" in answer) {
      throw new MemoryError("unavailable", `Cannot bring out what can be read of "${this.#path}": ${answer.failed}`);
    }
    return answer;
  }

  async end(): Promise<void> {
    this.#worker.terminate();
    for (const suffix of ["", "-journal", "-wal", "-shm"]) {
      await Deno.remove(this.#copy + suffix).catch((error) => {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      });
    }
  }
}

class FoundRows implements Salvage {
  readonly found;
  readonly unreadable;
  readonly altered;
  readonly uncertain;
  readonly #work: SalvageWork;

  constructor(work: SalvageWork, { found, unreadable, altered, uncertain }: SalvageFacts) {
    this.#work = work;
    this.found = found;
    this.unreadable = unreadable;
    this.altered = altered;
    this.uncertain = uncertain;
  }

  memories(after: string | null): AsyncGenerator<Memory[]> {
    return this.#steps<Memory>("memories", Number(after ?? 0));
  }

  trashed(): AsyncGenerator<TrashedMemory[]> {
    return this.#steps<TrashedMemory>("trash", 0);
  }

  relations(): AsyncGenerator<Relation[]> {
    return this.#steps<Relation>("relations", 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#work.end();
  }

  async *#steps<T>(part: "memories" | "trash" | "relations", from: number): AsyncGenerator<T[]> {
    for (let after: number | null = from; after !== null;) {
      const answer = await this.#work.ask({ part, after });
      if (!("items" in answer)) return;
      if (answer.items.length > 0) yield answer.items as T[];
      after = answer.next;
    }
  }
}
