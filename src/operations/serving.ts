/**
 * Which model embeds queries and new memories: the one whose vectors the store serves, whichever process made them.
 *
 * @module
 */

import { type EmbeddingService, isNamedLike, type ModelIdentity } from "../embedding/embedder.ts";
import { errorText } from "../errors.ts";
import { sleep } from "../sleep.ts";
import { rememberAdopted } from "./check_vectors.ts";
import type { Logger } from "./logger.ts";
import { followChoice } from "./model_choice.ts";
import type { Runtime } from "./runtime.ts";

/** Milliseconds between two looks at which model the store serves; another process may switch it. */
const POLL_MS = 2000;
/** Milliseconds after which a model that couldn't be opened is tried again. */
const REOPEN_MS = 60_000;

/** What following the store's model needs beside the runtime. */
export interface ServingOptions {
  /** Opens the model that made the stored vectors, when it is another than the configured one. */
  openModel: (identity: ModelIdentity) => EmbeddingService;
  log: Logger;
  pollMs?: number;
}

/** Keeps `runtime.embeddings.serving` the model whose vectors the store serves. */
export class ServingModel {
  readonly #runtime: Runtime;
  readonly #options: ServingOptions;
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;
  #last: Promise<unknown> = Promise.resolve();
  /** The model of the stored vectors that couldn't be opened, and when. */
  #refused: { id: string; at: number } | undefined;

  /** Begins to load the configured model and to follow the store. */
  constructor(runtime: Runtime, options: ServingOptions) {
    this.#runtime = runtime;
    this.#options = options;
    // Before the first await, so that no request comes in between.
    this.#runtime.embeddings.settling = this.follow();
    this.#running = this.#run();
  }

  /**
   * Looks once; looks go one after the other.
   *
   * @returns the model whose vectors the store serves.
   * @throws {MemoryError} why the configured model can't be used, or the store can't be reached.
   */
  follow(): Promise<ModelIdentity> {
    const looking = this.#last.then(() => this.#look());
    this.#last = looking.catch(() => {});
    return looking;
  }

  /** Ends following, and closes a model that only served the stored vectors. Idempotent. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    await this.#last;
    const { serving, configured } = this.#runtime.embeddings;
    if (serving !== null && serving !== configured) await serving.close();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping, { log, pollMs = POLL_MS } = this.#options;
    let complaint = "", looking: Promise<unknown> = this.#runtime.embeddings.settling!;
    while (!signal.aborted) {
      try {
        await looking;
        complaint = "";
      } catch (error) {
        // The same fault every two seconds would flood the log.
        if (!signal.aborted && errorText(error) !== complaint) {
          complaint = errorText(error);
          log.error(`Cannot use the configured embedding model, trying again: ${complaint}`);
        }
      }
      await sleep(pollMs, signal);
      if (!signal.aborted) looking = this.follow();
    }
  }

  async #look(): Promise<ModelIdentity> {
    await followChoice(this.#runtime).catch(() => {}); // a store that is away shows below
    const { embeddings: { configured }, storage } = this.#runtime;
    let target: ModelIdentity;
    try {
      target = await configured.ready();
    } catch (error) {
      if (configured.status.held) {
        await this.#serveNone();
        throw error;
      }
      // Without the configured model the one that made the stored vectors can still serve searches.
      await this.#serveWith(await storage.activeModel());
      throw error;
    }
    let active = await storage.activeModel();
    // A new store takes the first model there is; one that names a model without knowing more learns which it is.
    if (active === null) active = await storage.registerModel(target);
    else if (isNamedLike(active, target)) {
      await rememberAdopted(storage, target.id);
      active = await storage.registerModel(target);
    }
    await this.#serveWith(active);
    return active;
  }

  /** Leaves searches to words: what the settings ask for isn't what the store was made with, and the operator must decide. */
  async #serveNone(): Promise<void> {
    const { embeddings } = this.#runtime, { serving, configured } = embeddings;
    embeddings.serving = null;
    if (serving !== null && serving !== configured) await serving.close();
  }

  /** Makes the model behind `active` the one that embeds queries and new memories. */
  async #serveWith(active: ModelIdentity | null): Promise<void> {
    const { embeddings } = this.#runtime, { serving, configured } = embeddings;
    if (active === null) return;
    const isConfigured = configured.identity?.id === active.id;
    if (serving?.identity?.id === active.id && (serving === configured || !isConfigured)) return;
    if (isConfigured) {
      embeddings.serving = configured;
      if (serving !== null) await serving.close();
      return;
    }
    if (this.#refused?.id === active.id && performance.now() - this.#refused.at < REOPEN_MS) return;
    const other = this.#options.openModel(active);
    try {
      const identity = await other.ready();
      if (identity.id !== active.id) throw new Error(`it is now ${identity.id}`);
      embeddings.serving = other;
    } catch (error) {
      embeddings.serving = null;
      await other.close();
      if (this.#refused?.id !== active.id) {
        this.#options.log.warning(
          `Cannot search by meaning until re-embedding is done: the model of the stored vectors, ${active.name}, ` +
            `can't be used: ${errorText(error)}`,
        );
      }
      this.#refused = { id: active.id, at: performance.now() };
    } finally {
      if (serving !== null && serving !== configured) await serving.close();
    }
  }
}
