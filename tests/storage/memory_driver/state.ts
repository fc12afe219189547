/** What the driver in memory keeps: spaces with memories, trash and relations, models and notes. */

import { countsAt, isExpired } from "../../../src/memory/validity.ts";
import type { ModelIdentity } from "../../../src/embedding/embedder.ts";
import { MemoryError } from "../../../src/errors.ts";
import { fold } from "../../../src/memory/fold.ts";
import type { Memory, MemoryFilter } from "../../../src/memory/memory.ts";
import { roleOf } from "../../../src/memory/role.ts";
import { DEFAULT_SPACE } from "../../../src/memory/space.ts";
import type { Relation } from "../../../src/storage/contract/relations.ts";
import type { Trashing } from "../../../src/storage/contract/trash.ts";
import type { VectorSet } from "../../../src/storage/contract/vectors.ts";
import type { Replaced } from "../../../src/storage/contract/trash.ts";
import type { CandidateSearch } from "../../../src/storage/scoring/candidate_search.ts";
import { Content } from "../../../src/storage/scoring/contents.ts";

/** A memory with what belongs to it. */
export interface Entry {
  memory: Memory;
  readonly arrival: number; // its place in the order of arrival
  readonly content: Content;
  readonly vectors: Map<string, Float32Array[]>; // chunks by model
}

/** A memory that was deleted. */
export type Trashed = Entry & { trashing: Trashing; replaced: Replaced | null };

/** One space. */
export class Space {
  name: string;
  readonly created: number | null;
  readonly stored = new Map<string, Entry>();
  readonly trash = new Map<string, Trashed>();
  readonly relations = new Map<string, Relation>(); // by `relationKey`

  constructor(name: string, created: number | null) {
    this.name = name;
    this.created = created;
  }

  /** Drops relations of memories that were deleted for good. */
  forgetRelations(): void {
    const isThere = (hash: string) => this.stored.has(hash) || this.trash.has(hash);
    for (const [key, { source, target }] of this.relations) {
      if (!isThere(source) || !isThere(target)) this.relations.delete(key);
    }
  }
}

/** The store's data. No step of a call waits, so that each call is a transaction. */
export class State {
  readonly spaces = new Map([[DEFAULT_SPACE, new Space(DEFAULT_SPACE, null)]]);
  readonly notes = new Map<string, string>();
  /** Candidate searches by the spaces they read, since the last change. */
  readonly searches = new Map<string, CandidateSearch>();
  models: ModelIdentity[] = [];
  active: ModelIdentity | null = null;
  #arrived = 0;

  /** A space that is there, or an empty one that isn't kept. */
  space(name: string): Space {
    return this.spaces.get(name) ?? new Space(name, null);
  }

  /** A space, made where there is none. */
  make(name: string, created: number | null = null): Space {
    return this.spaces.getOrInsertComputed(name, () => new Space(name, created));
  }

  entryOf(memory: Memory, set: VectorSet | null): Entry {
    const vectors = new Map(set === null ? [] : [[set.model, set.chunks]]);
    return { memory, arrival: ++this.#arrived, content: new Content(memory, 0), vectors };
  }

  /** Entries that pass, by time and then by arrival. */
  passing(spaces: readonly Space[], filter: MemoryFilter): Entry[] {
    return spaces.flatMap(({ stored }) => [...stored.values()]).filter(({ memory }) => passes(memory, filter))
      .sort((a, b) => a.memory.created_at - b.memory.created_at || a.arrival - b.arrival);
  }

  /** The active model's chunks of a memory; undefined without any. */
  chunks(entry: Entry | undefined): Float32Array[] | undefined {
    return this.active === null ? undefined : entry?.vectors.get(this.active.id);
  }

  /** @throws {MemoryError} `internal` for vectors of no registered model, or not as long as its vectors are. */
  check({ model, chunks }: VectorSet): void {
    const known = this.models.find(({ id }) => id === model);
    if (known !== undefined && chunks.length > 0 && chunks.every(({ length }) => length === known.dimensions)) return;
    throw new MemoryError("internal", `Cannot store vectors of model ${model}: it is unknown, or of another length`);
  }
}

/** Handle of a memory. */
export function idOf({ content_hash, space = DEFAULT_SPACE }: Memory): string {
  return `${space}/${content_hash}`;
}

export function passes(memory: Memory, filter: MemoryFilter): boolean {
  const { tags, memory_type, conversation_id, created_from, created_before, role, superseded, writer, channel } =
    filter;
  const has = (tag: string) => memory.tags.some((own) => fold(own) === fold(tag));
  return (tags === undefined || (tags.match === "all" ? tags.values.every(has) : tags.values.some(has))) &&
    (memory_type === undefined || fold(memory.memory_type ?? "") === fold(memory_type)) &&
    (conversation_id === undefined || memory.conversation_id === conversation_id) &&
    memory.created_at >= (created_from ?? -Infinity) && memory.created_at < (created_before ?? Infinity) &&
    (role === undefined || roleOf(memory) === role) &&
    (writer === undefined || memory.writer?.name === writer) &&
    (channel === undefined || memory.writer?.channel === channel) &&
    (filter.valid_at === undefined || countsAt(memory, filter.valid_at)) &&
    (filter.unexpired_at === undefined || !isExpired(memory, filter.unexpired_at)) &&
    (filter.expired_by === undefined || isExpired(memory, filter.expired_by)) &&
    (superseded === undefined || (memory.superseded !== undefined) === superseded) &&
    Object.entries(filter.metadata ?? {}).every(([key, value]) => memory.metadata[key] === value);
}
