/**
 * What makes emptying and filling a store of many steps safe: a note in the store of how far it is, from which another
 * run goes on, and no service at work meanwhile.
 *
 * @module
 */

import { z } from "zod";
import { MemoryError } from "../../errors.ts";
import { DEFAULT_SPACE } from "../../memory/space.ts";
import { BACKGROUND_LEASE, Lease } from "../background/lease.ts";
import { sleep } from "../../sleep.ts";
import type { Runtime, ServiceRuntime } from "../runtime.ts";

/** Memories deleted in one call. */
const AT_ONCE = 500;
/** Name of the note in the store. */
const NOTE = "restore";
/** Milliseconds between two looks at a lease that is held. */
const LOOK_MS = 250;

const Note = z.object({
  sha256: z.string(),
  stage: z.enum(["clearing", "filling"]),
  aside: z.string().nullable(),
});
type Note = z.infer<typeof Note>;

/** How far the restore of one backup is. */
export class RestoreNote {
  readonly #storage: Runtime["storage"];
  #text: string | null;
  #note: Note | null;

  private constructor(storage: Runtime["storage"], text: string | null, note: Note | null) {
    this.#storage = storage;
    this.#text = text;
    this.#note = note;
  }

  /** The note that an earlier run left, if it was about this backup. */
  static async read({ storage }: Runtime, sha256: string): Promise<RestoreNote> {
    const text = await storage.note(NOTE), parsed = Note.safeParse(text === null ? null : JSON.parse(text));
    return new RestoreNote(storage, text, parsed.success && parsed.data.sha256 === sha256 ? parsed.data : null);
  }

  /** Null before anything was touched. */
  get stage(): Note["stage"] | null {
    return this.#note?.stage ?? null;
  }

  /** The file that keeps what the store held before; null when it was empty. */
  get aside(): string | null {
    return this.#note?.aside ?? null;
  }

  async write(note: Note): Promise<void> {
    await this.#put(JSON.stringify(note));
    this.#note = note;
  }

  async remove(): Promise<void> {
    await this.#put(null);
  }

  async #put(text: string | null): Promise<void> {
    if (!await this.#storage.changeNote(NOTE, this.#text, text)) {
      throw new MemoryError("conflict", "Cannot restore: another process restores into the same store");
    }
    this.#text = text;
  }
}

/**
 * Runs `body` while no other process does the store's background work.
 *
 * @throws {MemoryError} `conflict` when a service is running.
 */
export async function withoutService<T>({ storage }: Runtime, leaseMs: number, body: () => Promise<T>): Promise<T> {
  const lease = new Lease(storage, {
    name: BACKGROUND_LEASE,
    holder: `restore:${crypto.randomUUID()}`,
    ttlMs: leaseMs,
  });
  // A holder that died is silent for as long; one that lives is not.
  const deadline = performance.now() + leaseMs * 1.5;
  while (!await lease.look()) {
    if (performance.now() > deadline) {
      throw new MemoryError(
        "conflict",
        `Cannot restore: a service uses the store (${lease.holder}); stop it, and all others, first`,
      );
    }
    await sleep(LOOK_MS, new AbortController().signal);
  }
  const timer = setInterval(() => lease.look().catch(() => {}), leaseMs / 3); // the import itself tells an outage
  try {
    return await body();
  } finally {
    clearInterval(timer);
    await lease.release().catch(() => {}); // it runs out by itself
  }
}

/** Deletes everything for good: memories, their relations and the trash of every space, and the spaces themselves. */
export async function emptyStore({ storage: { spaces } }: ServiceRuntime, signal?: AbortSignal): Promise<void> {
  for (const { name } of await spaces.list()) {
    const space = spaces.within({ write: name, read: [name] });
    while (true) {
      signal?.throwIfAborted();
      const { memories } = await space.scan(null, AT_ONCE);
      if (memories.length === 0) break;
      await space.delete(memories.map(({ content_hash }) => content_hash));
    }
    await space.emptyTrash({});
    if (name !== DEFAULT_SPACE) await spaces.remove(name);
  }
}
