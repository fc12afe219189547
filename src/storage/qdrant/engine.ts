/**
 * What all views of one store share: the connection, the two collections of memories, the names of spaces, and what
 * searches have read.
 *
 * @module
 */

import { MemoryError } from "../../errors.ts";
import { DEFAULT_SPACE } from "../../memory/space.ts";
import type { Capabilities, UpgradeOptions, UpgradeProgress } from "../contract/capabilities.ts";
import type { SpaceScope } from "../contract/scope.ts";
import { Calls } from "../calls.ts";
import { CandidateSearch, SearchCache } from "../scoring/candidate_search.ts";
import { Weights } from "../scoring/weights.ts";
import { checkedSpace } from "../scopes.ts";
import { Analysis } from "../analysis.ts";
import { Collection } from "./collection.ts";
import { Connection, QdrantRefusal } from "./connection.ts";
import { countTurnsIn, emptySource, MergedSource, turnsIn } from "./merged_source.ts";
import { Models } from "./models.ts";
import { Notes } from "./notes.ts";
import { kept, Part, type Reader } from "./part.ts";
import { SpaceRegistry } from "./registry.ts";
import { conversationKey } from "./search_calls.ts";
import type { QdrantSettings } from "./settings.ts";
import type { Space } from "./space.ts";
import { MAX_SPACE_TERMS } from "./space_words.ts";
import { upgrade } from "./upgrade.ts";

/** The searches of some spaces. */
interface Searches {
  readers: readonly Reader[];
  search: CandidateSearch;
}

/** One store. */
export class Engine {
  readonly connection: Connection;
  readonly capabilities: Capabilities;
  /** `default`. */
  readonly main: Part;
  /** All other spaces. */
  readonly shared: Part;
  readonly registry: SpaceRegistry;
  readonly notes: Notes;
  readonly #cache: SearchCache;
  readonly #searches = new Map<string, Searches>();
  readonly analysis = new Analysis();
  readonly #closed = new AbortController();
  readonly #calls = new Calls((action, work) => this.#attempt(action, work));
  #closing: Promise<void> | undefined;

  constructor(settings: QdrantSettings) {
    this.connection = new Connection(settings);
    const main = new Collection(this.connection, settings), shared = main.beside();
    const changed = (points: { id: string; conversation: string | null }[], space: string | null) =>
      this.#changed(points, space);
    this.main = new Part(main, new Models(main), this.analysis, changed);
    this.shared = new Part(shared, new Models(main, shared), this.analysis, changed);
    this.registry = new SpaceRegistry(main, shared);
    this.notes = new Notes(main);
    const parts = [this.main.reader(null).searches, this.shared.reader(null).searches];
    this.#cache = new SearchCache(
      {
        turns: (conversations) => turnsIn(parts, conversations),
        countTurns: (names) => countTurnsIn(parts, names),
      },
      ({ conversation_id, space }) => conversation_id === null ? null : conversationKey(conversation_id, space),
    );
    this.capabilities = {
      connections: this.connection,
      upgrades: { upgrade: (options) => this.call("upgrade the collection", () => this.#upgrade(options)) },
    };
  }

  /** Connects and makes sure that the collection is there. */
  prepare(): Promise<void> {
    return this.call("open the collection", () => this.main.collection.prepare());
  }

  /** The collections of memories that there are. */
  async parts(): Promise<Part[]> {
    return await this.registry.any() ? [this.main, this.shared] : [this.main];
  }

  /** What reads the spaces of a scope: one for each collection that holds some of them, `default`'s first. */
  async readers({ read }: Pick<SpaceScope, "read">): Promise<Reader[]> {
    if (read === "all") return (await this.parts()).map((part) => part.reader(null));
    const others = read.filter((name) => name !== DEFAULT_SPACE), found: Reader[] = [];
    if (others.length < read.length) found.push(this.main.reader(null));
    const ids = [
      ...new Set((await Promise.all(others.map((name) => this.registry.find(name)))).flatMap((s) => s?.id ?? [])),
    ];
    if (ids.length > 0) found.push(this.shared.reader(ids));
    return found;
  }

  /** The space of a name, to be changed; null where there is none. */
  async space(name: string): Promise<Space | null> {
    if (name === DEFAULT_SPACE) return this.main.space(null);
    const found = await this.registry.find(name);
    return found === null ? null : this.shared.space(found.id);
  }

  /** The space of a name, made where there is none. */
  async made(name: string): Promise<Space> {
    if (name === DEFAULT_SPACE) return this.main.space(null);
    checkedSpace(name);
    return this.shared.space((await this.registry.made(name, Date.now() / 1000)).space.id);
  }

  /** The searches of what these read. */
  search(readers: readonly Reader[]): CandidateSearch {
    const key = readers.map(({ reading, listings }) =>
      listings.isDefault ? "default" : reading.spaces === null ? "all" : reading.spaces.join()
    ).join();
    return kept(this.#searches, key, () => {
      const calls = readers.map(({ searches }) => searches);
      const [only, other] = calls;
      const source = only === undefined
        ? emptySource(this.main.models)
        : other === undefined
        ? only
        : new MergedSource(calls);
      const weights = readers.some(({ reading: { spaces } }) => spaces !== null)
        ? new Weights(MAX_SPACE_TERMS)
        : undefined;
      return { readers, search: new CandidateSearch(source, this.#cache, weights) };
    }).search;
  }

  call<T>(action: string, work: () => Promise<T>): Promise<T> {
    return this.#calls.run(action, work);
  }

  /** Nothing of it lies on this machine. */
  closeNow(): void {
    this.analysis.close();
  }

  close(): Promise<void> {
    this.#closed.abort();
    this.#calls.close();
    return this.#closing ??= this.#calls.settled().then(() => {
      this.analysis.close();
      return this.connection.close();
    });
  }

  #changed(points: { id: string; conversation: string | null }[], space: string | null): void {
    this.#cache.changed(points);
    for (const { readers, search } of this.#searches.values()) {
      const isRead = readers.some(({ reading: { spaces }, listings: { isDefault } }) =>
        space === null ? isDefault : !isDefault && (spaces === null || spaces.includes(space))
      );
      if (isRead) search.written(points.length);
    }
  }

  async #upgrade({ signal, onProgress, ...options }: UpgradeOptions = {}): Promise<UpgradeProgress> {
    // Closing waits for what runs, so it ends here too.
    const ends = signal === undefined ? this.#closed.signal : AbortSignal.any([signal, this.#closed.signal]);
    const sum: UpgradeProgress = { done: 0, total: 0 };
    for (const { collection } of await this.parts()) {
      const { done, total } = sum,
        add = (part: UpgradeProgress) => ({ done: done + part.done, total: total + part.total });
      Object.assign(
        sum,
        add(
          await upgrade(collection, {
            ...options,
            signal: ends,
            ...(onProgress === undefined ? {} : { onProgress: (progress) => onProgress(add(progress)) }),
          }),
        ),
      );
    }
    return sum;
  }

  /** What this process knows of the collections may be old: a refused call is tried once more after a new look. */
  async #attempt<T>(action: string, work: () => Promise<T>): Promise<T> {
    for (let last = false;; last = true) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof QdrantRefusal)) throw error;
        if (last) throw new MemoryError("internal", `Cannot ${action}: Qdrant refuses it`, { cause: error });
        for (const { collection } of [this.main, this.shared]) collection.forget();
      }
    }
  }
}
