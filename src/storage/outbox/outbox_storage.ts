/**
 * A store with an outbox before it: writes that may wait do so while the store is away, and until those before them were
 * made. Everything else goes straight through, save what would overtake a queued write on the same memory.
 *
 * @module
 */

import { errorText, MemoryError } from "../../errors.ts";
import type { Memory, MemoryPatch } from "../../memory/memory.ts";
import { DEFAULT_SPACE } from "../../memory/space.ts";
import type { Capabilities } from "../contract/capabilities.ts";
import type { MayQueue, NewMemory, Queued, StoreOutcome } from "../contract/memories.ts";
import type { Relation } from "../contract/relations.ts";
import type { MemoryStore, StoreSpaces } from "../contract/spaces.ts";
import type { MemoryStorage } from "../contract/storage.ts";
import type { TrashedMemory, Trashing } from "../contract/trash.ts";
import { hashOf } from "./coding.ts";
import { override } from "../intercept.ts";
import { Drain } from "./drain.ts";
import { OutboxFile } from "./file.ts";
import type { Outbox, OutboxFigures, OutboxListener, QueuedWrite } from "./outbox.ts";
import type { OutboxSettings } from "./settings.ts";

/** Seconds after which a caller that found no room, or would overtake, may come again. */
const RETRY_SECONDS = 1;

/**
 * Puts an outbox before a store.
 *
 * @throws {MemoryError} `configuration` when the file can't be used, or another process has it.
 */
export async function withOutbox(
  settings: OutboxSettings,
  open: () => Promise<MemoryStore>,
): Promise<MemoryStore> {
  const file = OutboxFile.open(settings, true);
  try {
    const store = await open(), outbox = new OutboxBefore(store, file, settings);
    return override(store, new OutboxStore(store, outbox));
  } catch (error) {
    file.close();
    throw error;
  }
}

/** The outbox before one store, which all views of the store share. */
class OutboxBefore implements Outbox {
  readonly capabilities: Capabilities;
  readonly #store: MemoryStore;
  readonly #file: OutboxFile;
  readonly #settings: OutboxSettings;
  #listener: OutboxListener | undefined;
  #drain: Drain | undefined;
  #closing: Promise<void> | undefined;
  #queued = 0;
  #refused = 0;
  /** Why the last write could not be kept; null after one was. */
  #error: string | null = null;

  constructor(store: MemoryStore, file: OutboxFile, settings: OutboxSettings) {
    this.#store = store;
    this.#file = file;
    this.#settings = settings;
    this.capabilities = { ...store.capabilities, outbox: this };
  }

  get diverting(): boolean {
    return this.#file.fill.pending > 0;
  }

  get figures(): OutboxFigures {
    const { pending, refused, bytes } = this.#file.fill, { maxWrites, maxBytes } = this.#settings;
    const oldest = pending > 0 ? this.#file.oldest : null;
    return {
      pending,
      limit: maxWrites,
      bytes,
      limit_bytes: maxBytes,
      oldest_seconds: oldest === null ? null : Math.max(0, Date.now() / 1000 - oldest),
      set_aside: refused,
      queued: this.#queued,
      made: this.#drain?.made ?? 0,
      refused: this.#refused,
      error: this.#error ?? this.#drain?.error ?? null,
    };
  }

  start(listener: OutboxListener): void {
    this.#listener = listener;
    this.#drain = new Drain(this.#file, this.#store, listener);
  }

  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  closeNow(): void {
    this.#closing ??= Promise.resolve();
    this.#store.closeNow();
    try {
      this.#file.close();
    } catch {
      // What was added before is in the file's log, from which the next process takes it.
    }
  }

  async #close(): Promise<void> {
    await this.#drain?.stop();
    await this.#file.settle();
    await this.#store.close();
    this.#file.close();
  }

  /** Makes writes, or keeps them for later; null when they are kept. */
  async write<T>(
    action: string,
    writes: QueuedWrite[],
    direct: () => Promise<T>,
    options: MayQueue | undefined,
  ): Promise<T | null> {
    if (options === undefined || writes.length === 0) {
      for (const write of writes) this.refuseOvertaking(action, [hashOf(write)], [write.space ?? DEFAULT_SPACE]);
      return await direct();
    }
    let outage = new MemoryError(
      "unavailable",
      `Cannot ${action}: queued writes wait for the store, and there is no room`,
      {
        retryAfterSeconds: RETRY_SECONDS,
      },
    );
    if (!this.diverting) {
      try {
        return await direct();
      } catch (error) {
        if (!(error instanceof MemoryError && error.code === "unavailable")) throw error;
        outage = error;
      }
    }
    if (this.#closing !== undefined || !await this.#keep(writes, outage)) throw outage;
    return null;
  }

  /** Keeps writes; false when there is no room for them. */
  async #keep(writes: QueuedWrite[], { message }: MemoryError): Promise<boolean> {
    const isFirst = !this.diverting;
    try {
      if (!await this.#file.add(writes)) {
        this.#refused += writes.length;
        return false;
      }
    } catch (error) {
      this.#refused += writes.length;
      this.#error = `Cannot keep writes in "${this.#settings.path}": ${errorText(error)}`;
      return false;
    }
    this.#error = null;
    this.#queued += writes.length;
    if (isFirst) this.#listener?.waiting(message);
    this.#drain?.wake();
    return true;
  }

  /** @throws {MemoryError} `unavailable` while a write about one of these memories of these spaces waits. */
  refuseOvertaking(action: string, hashes: readonly string[], spaces: readonly string[] | "all"): void {
    const hash = this.#file.waitingFor(hashes, spaces);
    if (hash === null) return;
    throw overtaking(action, `a queued write about memory ${hash} comes first`);
  }
}

/** A view of the store behind the outbox: what may wait, and what must not overtake it. */
class OutboxView implements Partial<MemoryStorage> {
  readonly #store: MemoryStorage;
  readonly #outbox: OutboxBefore;

  constructor(store: MemoryStorage, outbox: OutboxBefore) {
    this.#store = store;
    this.#outbox = outbox;
  }

  get capabilities(): Capabilities {
    return this.#outbox.capabilities;
  }

  async store(items: NewMemory[], options?: MayQueue): Promise<StoreOutcome[]> {
    return await this.#outbox.write(
      "store memories",
      items.map((item) => ({ kind: "store", ...item, ...this.#in(item.memory) })),
      () => this.#store.store(items),
      options,
    ) ?? items.map(() => "queued");
  }

  update(hash: string, patch: MemoryPatch, now: number): Promise<Memory | null>;
  update(hash: string, patch: MemoryPatch, now: number, options?: MayQueue): Promise<Memory | Queued | null>;
  async update(hash: string, patch: MemoryPatch, now: number, options?: MayQueue): Promise<Memory | Queued | null> {
    const direct = async () => ({ memory: await this.#store.update(hash, patch, now) });
    const answer = await this.#outbox.write(
      "update the memory",
      [{ kind: "update", hash, patch, now, ...this.#in() }],
      direct,
      options,
    );
    return answer === null ? "queued" : answer.memory;
  }

  delete(hashes: string[]): Promise<boolean[]>;
  delete(hashes: string[], options?: MayQueue): Promise<(boolean | Queued)[]>;
  async delete(hashes: string[], options?: MayQueue): Promise<(boolean | Queued)[]> {
    return await this.#outbox.write(
      "delete memories",
      hashes.map((hash) => ({ kind: "delete", hash, ...this.#in() })),
      () => this.#store.delete(hashes),
      options,
    ) ?? hashes.map(() => "queued");
  }

  trash(hashes: string[], trashing: Trashing): Promise<boolean[]>;
  trash(hashes: string[], trashing: Trashing, options?: MayQueue): Promise<(boolean | Queued)[]>;
  async trash(hashes: string[], trashing: Trashing, options?: MayQueue): Promise<(boolean | Queued)[]> {
    return await this.#outbox.write(
      "move memories to the trash",
      hashes.map((hash) => ({ kind: "trash", hash, trashing, ...this.#in() })),
      () => this.#store.trash(hashes, trashing),
      options,
    ) ?? hashes.map(() => "queued");
  }

  async updateUnchanged(before: Memory, patch: MemoryPatch, now: number, options: { current?: string } = {}) {
    const { current } = options;
    this.#refuseOvertaking("update the memory", [before.content_hash, ...(current === undefined ? [] : [current])]);
    return await this.#store.updateUnchanged(before, patch, now, options);
  }

  async trashUnchanged(
    before: Memory[],
    trashing: Trashing,
    options: { successor?: string } = {},
  ): Promise<boolean[]> {
    this.#refuseOvertaking("move memories to the trash", before.map(({ content_hash }) => content_hash));
    return await this.#store.trashUnchanged(before, trashing, options);
  }

  /** A memory that isn't there while a write about it waits may be there soon: that isn't said to be missing. */
  async getByHash(hashes: string[]): Promise<(Memory | null)[]> {
    const found = await this.#store.getByHash(hashes);
    this.#outbox.refuseOvertaking("get memories", hashes.filter((_, i) => found[i] === null), this.#store.scope.read);
    return found;
  }

  async restore(hashes: string[]): Promise<boolean[]> {
    this.#refuseOvertaking("restore memories", hashes);
    return await this.#store.restore(hashes);
  }

  async relate(relations: Relation[]) {
    for (const one of relations) this.#refuseOvertaking("relate memories", [one.source, one.target], one);
    return await this.#store.relate(relations);
  }

  async unrelate(relations: Omit<Relation, "created_at">[]): Promise<boolean[]> {
    for (const one of relations) this.#refuseOvertaking("remove relations", [one.source, one.target], one);
    return await this.#store.unrelate(relations);
  }

  async importTrashed(items: TrashedMemory[]): Promise<boolean[]> {
    for (const { memory } of items) {
      this.#refuseOvertaking("bring memories into the trash", [memory.content_hash], memory);
    }
    return await this.#store.importTrashed(items);
  }

  async emptyTrash(which: { hashes?: string[]; deleted_before?: number }): Promise<number> {
    // What waits may go to the trash, or come out of it.
    if (which.hashes === undefined && this.#outbox.diverting) {
      throw overtaking("empty the trash", "queued writes come first");
    }
    this.#refuseOvertaking("empty the trash", which.hashes ?? []);
    return await this.#store.emptyTrash(which);
  }

  close(): Promise<void> {
    return this.#outbox.close();
  }

  closeNow(): void {
    this.#outbox.closeNow();
  }

  /** Where a write acts: where the view writes to; the whole store's keeps what the memory itself names. */
  #in(named: { space?: string } = {}): { space?: string } {
    const { read, write } = this.#store.scope, space = read === "all" ? named.space ?? write : write;
    return space === DEFAULT_SPACE ? {} : { space };
  }

  #refuseOvertaking(action: string, hashes: readonly string[], named: { space?: string } = {}): void {
    this.#outbox.refuseOvertaking(action, hashes, [this.#in(named).space ?? DEFAULT_SPACE]);
  }
}

class OutboxStore extends OutboxView implements Partial<MemoryStore> {
  readonly spaces: StoreSpaces;

  constructor(store: MemoryStore, outbox: OutboxBefore) {
    super(store, outbox);
    const { spaces } = store;
    /** Queued writes name their spaces. */
    const whenEmpty = <T>(action: string, call: () => Promise<T>): Promise<T> =>
      outbox.diverting ? Promise.reject(overtaking(action, "queued writes come first")) : call();
    this.spaces = override(spaces, {
      within: (scope) => {
        const view = spaces.within(scope);
        return override(view, new OutboxView(view, outbox));
      },
      rename: (from, to) => whenEmpty(`rename space "${from}"`, () => spaces.rename(from, to)),
      move: (hashes, from, to) => whenEmpty(`move memories of space "${from}"`, () => spaces.move(hashes, from, to)),
      remove: (name) => whenEmpty(`remove space "${name}"`, () => spaces.remove(name)),
    });
  }
}

function overtaking(action: string, reason: string): MemoryError {
  return new MemoryError("unavailable", `Cannot ${action}: ${reason}`, { retryAfterSeconds: RETRY_SECONDS });
}
