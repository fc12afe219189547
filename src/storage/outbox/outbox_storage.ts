/**
 * A store with an outbox before it: writes that may wait do so while the store is away, and until those before them were
 * made. Everything else goes straight through, save what would overtake a queued write on the same memory.
 *
 * @module
 */

import { errorText, MemoryError } from "../../errors.ts";
import type { Memory, MemoryPatch } from "../../memory/memory.ts";
import type { Capabilities } from "../contract/capabilities.ts";
import type { MayQueue, NewMemory, Queued, StoreOutcome } from "../contract/memories.ts";
import type { Relation } from "../contract/relations.ts";
import type { MemoryStore } from "../contract/spaces.ts";
import type { MemoryStorage } from "../contract/storage.ts";
import type { TrashedMemory, Trashing } from "../contract/trash.ts";
import { defaultSpaceOnly } from "../default_space.ts";
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
    const store = await open();
    const before = override(store, new OutboxStorage(store, file, settings));
    return override(before, { spaces: defaultSpaceOnly(before) });
  } catch (error) {
    file.close();
    throw error;
  }
}

class OutboxStorage implements Partial<MemoryStore>, Outbox {
  readonly capabilities: Capabilities;
  readonly #store: MemoryStorage;
  readonly #file: OutboxFile;
  readonly #settings: OutboxSettings;
  #listener: OutboxListener | undefined;
  #drain: Drain | undefined;
  #closing: Promise<void> | undefined;
  #queued = 0;
  #refused = 0;
  /** Why the last write could not be kept; null after one was. */
  #error: string | null = null;

  constructor(store: MemoryStorage, file: OutboxFile, settings: OutboxSettings) {
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

  async store(items: NewMemory[], options?: MayQueue): Promise<StoreOutcome[]> {
    return await this.#write(
      "store memories",
      items.map((item) => ({ kind: "store", ...item })),
      () => this.#store.store(items),
      options,
    ) ?? items.map(() => "queued");
  }

  update(hash: string, patch: MemoryPatch, now: number): Promise<Memory | null>;
  update(hash: string, patch: MemoryPatch, now: number, options?: MayQueue): Promise<Memory | Queued | null>;
  async update(hash: string, patch: MemoryPatch, now: number, options?: MayQueue): Promise<Memory | Queued | null> {
    const direct = async () => ({ memory: await this.#store.update(hash, patch, now) });
    const answer = await this.#write("update the memory", [{ kind: "update", hash, patch, now }], direct, options);
    return answer === null ? "queued" : answer.memory;
  }

  delete(hashes: string[]): Promise<boolean[]>;
  delete(hashes: string[], options?: MayQueue): Promise<(boolean | Queued)[]>;
  async delete(hashes: string[], options?: MayQueue): Promise<(boolean | Queued)[]> {
    return await this.#write(
      "delete memories",
      hashes.map((hash) => ({ kind: "delete", hash })),
      () => this.#store.delete(hashes),
      options,
    ) ?? hashes.map(() => "queued");
  }

  trash(hashes: string[], trashing: Trashing): Promise<boolean[]>;
  trash(hashes: string[], trashing: Trashing, options?: MayQueue): Promise<(boolean | Queued)[]>;
  async trash(hashes: string[], trashing: Trashing, options?: MayQueue): Promise<(boolean | Queued)[]> {
    return await this.#write(
      "move memories to the trash",
      hashes.map((hash) => ({ kind: "trash", hash, trashing })),
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
    this.#refuseOvertaking("get memories", hashes.filter((_, i) => found[i] === null));
    return found;
  }

  async restore(hashes: string[]): Promise<boolean[]> {
    this.#refuseOvertaking("restore memories", hashes);
    return await this.#store.restore(hashes);
  }

  async relate(relations: Relation[]) {
    this.#refuseOvertaking("relate memories", relations.flatMap(({ source, target }) => [source, target]));
    return await this.#store.relate(relations);
  }

  async unrelate(relations: Omit<Relation, "created_at">[]): Promise<boolean[]> {
    this.#refuseOvertaking("remove relations", relations.flatMap(({ source, target }) => [source, target]));
    return await this.#store.unrelate(relations);
  }

  async importTrashed(items: TrashedMemory[]): Promise<boolean[]> {
    this.#refuseOvertaking("bring memories into the trash", items.map(({ memory }) => memory.content_hash));
    return await this.#store.importTrashed(items);
  }

  async emptyTrash(which: { hashes?: string[]; deleted_before?: number }): Promise<number> {
    // What waits may go to the trash, or come out of it.
    if (which.hashes === undefined && this.diverting) throw overtaking("empty the trash", "queued writes come first");
    this.#refuseOvertaking("empty the trash", which.hashes ?? []);
    return await this.#store.emptyTrash(which);
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
  async #write<T>(
    action: string,
    writes: QueuedWrite[],
    direct: () => Promise<T>,
    options: MayQueue | undefined,
  ): Promise<T | null> {
    if (options === undefined || writes.length === 0) {
      this.#refuseOvertaking(
        action,
        writes.map((write) => write.kind === "store" ? write.memory.content_hash : write.hash),
      );
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

  #refuseOvertaking(action: string, hashes: readonly string[]): void {
    const hash = this.#file.waitingFor(hashes);
    if (hash === null) return;
    throw overtaking(action, `a queued write about memory ${hash} comes first`);
  }
}

function overtaking(action: string, reason: string): MemoryError {
  return new MemoryError("unavailable", `Cannot ${action}: ${reason}`, { retryAfterSeconds: RETRY_SECONDS });
}
