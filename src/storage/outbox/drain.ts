/**
 * Handing queued writes on to the store, in the order they came. A write leaves the outbox after it was made, so that a
 * crash in between makes it twice, which is safe: storing again finds a duplicate, a change makes the same of the same,
 * and deleting twice deletes once.
 *
 * @module
 */

import { errorText, MemoryError } from "../../errors.ts";
import type { NewMemory } from "../contract/memories.ts";
import { DEFAULT_SPACE } from "../../memory/space.ts";
import type { MemoryStore } from "../contract/spaces.ts";
import type { MemoryStorage } from "../contract/storage.ts";
import type { MadeWrite, OutboxListener } from "./outbox.ts";
import type { Entry, OutboxFile } from "./file.ts";

/** Milliseconds between two looks while the store is away, and for what other processes put back. */
const POLL_MS = 1000;
/** Times a write may fail while the store answers, before those behind it are tried. */
const PATIENCE = 3;

/** Errors that are the store's fault: the write waits. Anything else is the write's own fault. */
const WAITABLE: ReadonlySet<string> = new Set(["unavailable", "overloaded", "configuration"]);

/** The way from the file to the store. */
export class Drain {
  readonly #file: OutboxFile;
  readonly #store: MemoryStore;
  readonly #listener: OutboxListener;
  readonly #stopping = new AbortController();
  #wake = () => {};
  #running: Promise<void>;
  /** Failures in a row of the first write while the store answered other calls. */
  #stuck = 0;
  /** Whether writes go one by one, to find the one that fails. */
  #singly = false;
  made = 0;
  /** Why the first write could not be made; null after it was. */
  error: string | null = null;

  constructor(file: OutboxFile, store: MemoryStore, listener: OutboxListener) {
    this.#file = file;
    this.#store = store;
    this.#listener = listener;
    this.#running = this.#run();
  }

  /** Tells that there is something to do; while the store is away that changes nothing. */
  wake(): void {
    if (this.error === null) this.#wake();
  }

  /** Ends after the writes in hand. Idempotent. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#wake();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    let busy = this.#file.fill.pending > 0;
    while (!signal.aborted) {
      try {
        const moved = await this.#step();
        if (moved) busy = true;
        else {
          if (busy && this.#file.fill.pending === 0) this.#listener.empty();
          busy = this.#file.fill.pending > 0;
          await this.#pause();
          this.#file.refresh();
        }
      } catch (error) { // the file's own fault, such as a full disk: nothing was lost, and the writes are made again
        this.error = errorText(error);
        await this.#pause();
      }
    }
  }

  /** Hands on what comes next; whether anything moved. */
  async #step(): Promise<boolean> {
    const batch = this.#file.take(this.#singly ? 1 : undefined);
    if (batch.length === 0) return this.#singly = false;
    let made;
    try {
      made = await this.#make(batch);
    } catch (error) {
      this.#file.putBack();
      this.error = errorText(error);
      if (!isWaitable(error)) return await this.#blame(batch, error);
      return await this.#isAnswering() ? await this.#passBy(batch, error) : false;
    }
    // Not a failure of the store: what was made must not be taken for refused because the file can't be written now.
    await this.#finish(batch, made);
    this.#stuck = 0;
    return true;
  }

  /** The store refuses one of these writes. */
  async #blame(batch: Entry[], error: unknown): Promise<boolean> {
    if (batch.length > 1) this.#singly = true;
    else await this.#setAside(batch[0]!, error);
    return true;
  }

  /** The store answers, but fails on this write again and again: once it makes another one, this one is to blame. */
  async #passBy(batch: Entry[], error: unknown): Promise<boolean> {
    this.#singly = true;
    const [first] = batch as [Entry];
    if (++this.#stuck < PATIENCE) return false;
    const other = this.#file.takeBeside(first);
    if (other === null) return false;
    let made;
    try {
      made = await this.#make([other]);
    } catch (another) {
      this.#file.putBack();
      if (isWaitable(another)) return false; // it fails on all writes: they wait
      await this.#setAside(other, another);
      return true;
    }
    await this.#finish([other], made);
    await this.#setAside(first, error);
    this.#stuck = 0;
    return true;
  }

  async #finish(batch: Entry[], made: (MadeWrite | null)[]): Promise<void> {
    const ids = batch.filter((_, i) => made[i] !== null).map(({ id }) => id);
    await this.#keepTrying(() => this.#file.remove(ids));
    for (const [i, entry] of batch.entries()) {
      if (made[i] === null) await this.#setAside(entry, new Error("There is no such memory"));
    }
    const done = made.filter((write) => write !== null);
    this.made += done.length;
    this.error = null;
    if (done.length > 0) this.#listener.made(done);
  }

  async #setAside({ id, write }: Entry, error: unknown): Promise<void> {
    const reason = error instanceof MemoryError && error.cause instanceof Error
      ? `${error.message}: ${error.cause.message}`
      : errorText(error);
    await this.#keepTrying(() => this.#file.refuse(id, reason));
    this.error = null;
    this.#singly = false;
    this.#listener.setAside(write, reason);
  }

  /**
   * Changes the file, again and again while it can't be written: with the change left out, the writes behind would be
   * made in another order than they came. A stop leaves it out: then what was made is made again by the next process.
   */
  async #keepTrying(change: () => Promise<void>): Promise<void> {
    while (true) {
      try {
        return await change();
      } catch (error) {
        if (this.#stopping.signal.aborted) throw error;
        this.error = errorText(error);
        await this.#pause();
      }
    }
  }

  /** Makes writes of one kind in one space; for each what came of it, null for a change of a memory that isn't there. */
  async #make(batch: Entry[]): Promise<(MadeWrite | null)[]> {
    const writes = batch.map(({ write }) => write), first = writes[0]!, { space = DEFAULT_SPACE } = first;
    const store = this.#store.spaces.within({ write: space, read: [space] });
    if (first.kind === "store") return await this.#makeStores(store, writes as ({ kind: "store" } & NewMemory)[]);
    if (first.kind === "update") {
      const memory = await store.update(first.hash, first.patch, first.now);
      return [memory === null ? null : { write: first, changed: true, memory }];
    }
    const hashes = writes.map((write) => (write as { hash: string }).hash);
    const changed = first.kind === "trash" ? await store.trash(hashes, first.trashing) : await store.delete(hashes);
    return writes.map((write, i) => ({ write, changed: changed[i]!, memory: null }));
  }

  async #makeStores(store: MemoryStorage, writes: ({ kind: "store" } & NewMemory)[]): Promise<MadeWrite[]> {
    let outcomes;
    try {
      outcomes = await store.store(writes);
    } catch (error) {
      if (isWaitable(error) || writes.length > 1 || writes[0]!.vectors === null) throw error;
      // The store may have another model by now; vectors are computed again in the background.
      outcomes = await store.store([{ ...writes[0]!, vectors: null }]);
    }
    const found = writes.filter((_, i) => outcomes[i] === "duplicate").map(({ memory }) => memory.content_hash);
    const there = new Map(
      (found.length > 0 ? await store.getByHash(found) : []).map((m) => [m?.content_hash, m]),
    );
    // One that is there already may be this very write, made before its answer was lost.
    return writes.map((write, i) => {
      const { content_hash, created_at } = write.memory;
      const changed = outcomes[i] === "stored" || there.get(content_hash)?.created_at === created_at;
      return { write, changed, memory: null };
    });
  }

  async #isAnswering(): Promise<boolean> {
    try {
      await this.#store.ping();
      return true;
    } catch {
      return false;
    }
  }

  /** Waits until woken, or for about `POLL_MS`: replicas that wait for one store shouldn't all come back at once. */
  async #pause(): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, POLL_MS * (0.5 + Math.random()));
    this.#wake = resolve;
    await promise;
    clearTimeout(timer);
  }
}

function isWaitable(error: unknown): boolean {
  return error instanceof MemoryError && WAITABLE.has(error.code);
}
