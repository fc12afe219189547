/**
 * Copies a store into another one while a service goes on working with the first: passes over the source until one finds
 * nothing to do, then a comparison of everything. The target is its own record of what is done: a run that was stopped
 * reads it and goes on with what is missing.
 *
 * @module
 */

import { isNamedLike, type ModelIdentity, NAMED_ONLY } from "../../../embedding/embedder.ts";
import { MemoryError } from "../../../errors.ts";
import type { MemoryStore } from "../../../storage/contract/spaces.ts";
import { BACKGROUND_LEASE, Lease } from "../../background/lease.ts";
import { sleep } from "../../../sleep.ts";
import { chooseModel, chosenModel } from "../../model_choice.ts";
import { compare, compareAhead, type Comparison, type Mismatch, spaceIn, spacesOfBoth } from "./compare.ts";
import { copyOf, markCopy } from "./mark.ts";
import { type CopyParts, runPass } from "./pass.ts";
import { TargetState } from "./target_state.ts";

/** Milliseconds between a pass that found changes and the next. */
const PAUSE_MS = 1000;
/** Milliseconds between two looks at the target's lease while it is watched. */
const WATCH_MS = 200;

/** A store and what to call it. */
export interface NamedStore {
  storage: MemoryStore;
  /** Where it is, without secrets: `sqlite:/data/unimem.db`. */
  name: string;
}

/** What a copy is doing. */
export interface CopyProgress {
  step: "reading the target" | "copying" | "following" | "comparing";
  /** Memories dealt with in this step, and how many there are. */
  done: number;
  total: number;
  /** From 1; 0 before the first. */
  pass: number;
  /** What the pass before changed. */
  changes: number;
}

/** How to copy. */
export interface CopyOptions {
  /** Names this process; unique. */
  holder: string;
  leaseMs: number;
  /** Makes a target that holds something else equal to the source all the same. */
  replace?: boolean;
  /** The configured model, for a source that knows the name of its model only. */
  configuredModel?: () => Promise<ModelIdentity>;
  onProgress?: (progress: CopyProgress) => void;
  signal?: AbortSignal;
  pauseMs?: number;
}

/** What a copy did. */
export interface CopyReport extends Comparison {
  passes: number;
  written: number;
  removed: number;
  /** Id of the model whose vectors were copied; null when the source has none. */
  model: string | null;
}

/**
 * Makes the target equal to the source, and returns when it was, by comparison, or when a difference remains that the
 * source's changes don't explain.
 *
 * @throws {MemoryError} `refused` for a target that holds something else or that a service works with; `unavailable` when
 * a store can't be reached: what was copied stays, and another run goes on.
 */
export async function copyStore(source: NamedStore, target: NamedStore, options: CopyOptions): Promise<CopyReport> {
  const lease = await leaseOf(target, options);
  const ending = new AbortController();
  const signal = options.signal === undefined ? ending.signal : AbortSignal.any([ending.signal, options.signal]);
  const renewing = renew(lease, target, options.leaseMs, ending);
  try {
    return await new Copy(source, target, { ...options, signal }).run();
  } finally {
    ending.abort();
    await renewing;
    await lease.release().catch(() => {}); // it runs out by itself
  }
}

class Copy {
  readonly #source: NamedStore;
  readonly #target: NamedStore;
  readonly #options: CopyOptions & { signal: AbortSignal };
  readonly #report = { passes: 0, written: 0, removed: 0 };
  #changes = 0;
  /** Which model's vectors the target gets, and the id that the source knows it by; null without vectors. */
  #model: CopyParts["model"] = null;
  /** By space. */
  readonly #parts = new Map<string, CopyParts>();

  constructor(source: NamedStore, target: NamedStore, options: CopyOptions & { signal: AbortSignal }) {
    this.#source = source;
    this.#target = target;
    this.#options = options;
  }

  async run(): Promise<CopyReport> {
    const source = this.#source.storage, target = this.#target.storage, { signal } = this.#options;
    const { memories: total } = await source.vectorCoverage();
    this.#tell("reading the target", 0, total);
    for (const name of await spacesOfBoth(source, target)) await this.#partsOf(name);
    await this.#claim();
    // Differences of the last comparison that a pass should have settled, by kind and key.
    let before = new Map<string, Mismatch>();
    while (true) {
      await this.#passes(total);
      const found = await compare(source, target, {
        signal,
        compared: this.#compared,
        onProgress: (read) => this.#tell("comparing", Math.min(read, 2 * total), 2 * total),
      });
      // What differs as it did before the last pass isn't a change of the source.
      const persists = found.mismatches.some((now) => before.get(nameOf(now))?.source === now.source);
      if (found.equal || persists) return { ...found, ...this.#report, model: this.#model?.id ?? null };
      before = new Map(found.mismatches.map((mismatch) => [nameOf(mismatch), mismatch]));
      for (const mismatch of found.mismatches) await correct(await this.#partsOf(mismatch.space), mismatch);
    }
  }

  /** What a space is copied with; the target is read when it is first asked for. */
  async #partsOf(space: string): Promise<CopyParts> {
    const { signal } = this.#options, known = this.#parts.get(space);
    if (known !== undefined) return known;
    const source = spaceIn(this.#source.storage, space), target = spaceIn(this.#target.storage, space);
    const state = await TargetState.read(target, signal), parts = { source, target, state, model: this.#model, signal };
    this.#parts.set(space, parts);
    return parts;
  }

  readonly #compared = (space: string) => this.#parts.get(space)?.state.compared ?? new Set<string>();

  /** Passes until one finds nothing to do. */
  async #passes(total: number): Promise<void> {
    const { signal, pauseMs = PAUSE_MS } = this.#options;
    while (true) {
      await this.#takeModel();
      const pass = ++this.#report.passes, step = pass === 1 ? "copying" : "following";
      this.#changes = 0;
      let done = 0;
      for (const name of await this.#makeSpaces()) {
        const parts = await this.#partsOf(name);
        const counts = await runPass(parts, ({ read }) => this.#tell(step, done + read, Math.max(total, done + read)));
        done += counts.read;
        this.#changes += counts.written + counts.removed;
        this.#report.written += counts.written;
        this.#report.removed += counts.removed;
      }
      await this.#dropSpaces();
      if (this.#changes === 0) return;
      // The long part of the comparison, while the source may still be in use.
      if (pass === 1 && this.#model !== null) {
        await compareAhead(this.#source.storage, this.#target.storage, {
          signal,
          compared: this.#compared,
          onProgress: (done) => this.#tell("comparing", done, Math.max(total, done)),
        });
      }
      // Whoever follows a busy source needn't do so all the time.
      if (pass > 1) await sleep(pauseMs, signal);
      signal.throwIfAborted();
    }
  }

  /** Makes the source's spaces in the target, empty ones too; the names of all of both. */
  async #makeSpaces(): Promise<string[]> {
    const source = this.#source.storage, target = this.#target.storage;
    const there = new Set((await target.spaces.list()).map(({ name }) => name));
    for (const { name, created_at } of await source.spaces.list()) {
      if (!there.has(name)) await target.spaces.create(name, created_at ?? Date.now() / 1000);
    }
    return await spacesOfBoth(source, target);
  }

  /** Drops spaces that the source hasn't any more. */
  async #dropSpaces(): Promise<void> {
    const source = new Set((await this.#source.storage.spaces.list()).map(({ name }) => name));
    for (const { name, memories, trashed } of await this.#target.storage.spaces.list()) {
      if (!source.has(name) && memories + trashed === 0) await this.#target.storage.spaces.remove(name);
    }
  }

  /** Refuses a target that holds something else, and marks it as a copy. */
  async #claim(): Promise<void> {
    const { storage, name } = this.#target, states = [...this.#parts.values()].map(({ state }) => state);
    const isEmpty = states.every((state) => state.isEmpty);
    if (!isEmpty && !this.#options.replace && await copyOf(storage) !== this.#source.name) {
      const memories = states.reduce((sum, state) => sum + state.memories.size, 0);
      throw new MemoryError(
        "refused",
        `Cannot copy into ${name}: it holds ${memories} memories that aren't a copy of ${this.#source.name}; ` +
          "--replace deletes what the source hasn't",
      );
    }
    await markCopy(storage, this.#source.name);
  }

  /** Makes the source's model the one whose vectors the target serves; the source may have switched since. */
  async #takeModel(): Promise<void> {
    const source = this.#source.storage, target = this.#target.storage;
    const active = await source.activeModel();
    if (active === null || active.id === this.#model?.sourceId) return;
    const configured = active.id.startsWith(NAMED_ONLY) ? await this.#options.configuredModel?.() : undefined;
    const model = configured !== undefined && isNamedLike(active, configured) ? configured : active;
    if ((await target.registerModel(model)).id !== model.id) await target.activateVectors(model.id);
    // Otherwise the first service over the copy would embed it again with the default model.
    await chooseModel(target, await chosenModel(source));
    this.#model = { id: model.id, sourceId: active.id };
    for (const parts of this.#parts.values()) {
      parts.model = this.#model;
      await parts.state.findWithoutVectors(parts.target, this.#options.signal);
    }
  }

  #tell(step: CopyProgress["step"], done: number, total: number): void {
    this.#options.onProgress?.({ step, done, total, pass: this.#report.passes, changes: this.#changes });
  }
}

/** Puts into the known state what a comparison found, so that the next pass settles it. What others wrote is left. */
async function correct({ target, state }: CopyParts, { kind, key, found, target: print }: Mismatch): Promise<void> {
  if (kind === "vectors") {
    if (found !== "only in the target") state.withoutVectors.add(key);
    else if (state.memories.has(key)) {
      // Vectors can't be taken from a memory, so it is stored again.
      await target.delete([key]);
      state.forget([key]);
    }
  } else if (found === "only in the target") return;
  else if (kind === "relation") state.relations.delete(key);
  else if (kind === "memory" && print === null) state.forget([key]);
  else if (kind === "memory") state.memories.set(key, print!);
  else if (print === null) state.trash.delete(key);
  else state.trash.set(key, print);
}

function nameOf({ kind, space, key }: Mismatch): string {
  return `${kind} ${space} ${key}`;
}

/** Takes the target's lease on background work, so that no service re-embeds, empties or copies at the same time. */
async function leaseOf(target: NamedStore, { holder, leaseMs, signal }: CopyOptions): Promise<Lease> {
  const lease = new Lease(target.storage, { name: BACKGROUND_LEASE, holder, ttlMs: leaseMs });
  let sign: string | null = null;
  while (!await lease.look()) {
    signal?.throwIfAborted();
    // One that is renewed while it is watched has a holder that lives.
    if (sign !== null && lease.sign !== null && lease.sign !== sign) {
      throw new MemoryError(
        "refused",
        `Cannot copy into ${target.name}: ${lease.holder} works with it; stop that service first`,
      );
    }
    sign = lease.sign;
    await sleep(WATCH_MS, signal ?? new AbortController().signal);
  }
  return lease;
}

async function renew(lease: Lease, target: NamedStore, leaseMs: number, ending: AbortController): Promise<void> {
  while (!ending.signal.aborted) {
    await sleep(leaseMs / 3, ending.signal);
    if (ending.signal.aborted) return;
    // A renewal that was slow, or failed while the store was away, isn't a loss: the note still names this process.
    if (!await lease.look().catch(() => true)) {
      ending.abort(new MemoryError("conflict", `Cannot go on copying: another process took ${target.name} over`));
    }
  }
}
