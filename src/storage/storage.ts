/**
 * The storage contract. Every driver (SQLite file, Qdrant server) passes `tests/storage/storage_contract.ts`.
 * A driver knows nothing of models, ranking or surfaces: it keeps memories and vectors and finds candidates.
 *
 * Every method throws `MemoryError` `unavailable` when the store can't be reached, and never answers an outage with an
 * empty result.
 *
 * @module
 */

import type { Memory, MemoryFilter, MemoryPatch } from "../memory/memory.ts";
import type { Role } from "../memory/role.ts";
import type { ModelIdentity } from "../embedding/embedder.ts";

/** Opaque handle of a memory within one store: a row id in SQLite, a point id in Qdrant. */
export type MemoryId = number | string;

/** A memory's vectors and the model that made them. */
export interface VectorSet {
  /** `ModelIdentity.id` of the model. */
  model: string;
  /** One unit-length vector for each chunk of the content, in order; at least one. */
  chunks: Float32Array[];
}

/** A memory to be stored. `vectors` is null while no model is ready; a background run adds them later. */
export interface NewMemory {
  memory: Memory;
  vectors: VectorSet | null;
}

/** The store is away: the write waits in the outbox, and is made when the store is back. */
export type Queued = "queued";

/** `duplicate`: a memory with this content_hash was there already and stays as it was. */
export type StoreOutcome = "stored" | "duplicate" | Queued;

/** Lets a write wait in the outbox, where there is one; without it a store that is away is `unavailable`. */
export interface MayQueue {
  mayQueue: true;
}

/** Page of a listing. */
export interface ListQuery {
  filter: MemoryFilter;
  /** Number of memories to skip, ≥ 0. */
  offset: number;
  /** Number of memories to return, ≥ 0. */
  limit: number;
  /** By `created_at`; newest first unless told otherwise. */
  order?: "newest" | "oldest";
}

/** A page of memories and how many match in all. */
export interface MemoryPage {
  memories: Memory[];
  total: number;
}

/** A typed link from one memory to another. */
export interface Relation {
  /** content_hash of the memory it starts at. */
  source: string;
  /** content_hash of the memory it leads to. */
  target: string;
  type: string;
  /** Unix seconds. */
  created_at: number;
}

/** `duplicate`: it was there already and stays as it was; `missing`: one of its memories isn't stored. */
export type RelateOutcome = "added" | "duplicate" | "missing";

/** Which relations are asked for: those that meet every condition. */
export interface RelationQuery {
  /** Relations that start or end at one of these memories; all memories' without it. */
  hashes?: string[];
  types?: string[];
  limit: number;
}

/** A step of a walk through all memories. */
export interface ScanPage {
  memories: Memory[];
  /** Where the next step begins; null after the last memory. */
  next: string | null;
}

/** How often a tag is used. */
export interface TagCount {
  tag: string;
  count: number;
}

/** When and why memories went to the trash. */
export interface Trashing {
  /** Unix seconds. */
  at: number;
  /** In words, for whoever looks through the trash: `deleted`, `merged into <content_hash>`, … */
  reason: string;
}

/** A memory in the trash. */
export interface TrashedMemory {
  memory: Memory;
  deleted_at: number;
  reason: string;
}

/** A page of the trash and how many memories it holds in all. */
export interface TrashPage {
  items: TrashedMemory[];
  total: number;
}

/** How many memories have a value, and when the newest of them was created. */
export interface ValueCount {
  /** A tag or a type; null for memories without a type. */
  value: string | null;
  count: number;
  /** Unix seconds. */
  latest: number;
}

/** How much text there is. */
export interface ContentSizes {
  /** Bytes of all contents in UTF-8; an estimate from a sample where the server can't sum. */
  total_bytes: number;
  /** The memories with the longest content, longest first. */
  largest: { content_hash: string; bytes: number }[];
}

/** What a store can do to itself. */
export type MaintenanceTask = "optimize" | "rebuild_index";

/** A unit-length query vector and the model that made it. */
export interface QueryVector {
  /** `ModelIdentity.id` of the model. */
  model: string;
  values: Float32Array;
}

/** What a candidate search looks for. At least one of `text` and `vector` is given. */
export interface CandidateQuery {
  /** Query text for word matching, as the user wrote it; null to skip words. */
  text: string | null;
  /** Null to skip vectors. A store begins with the words while the vector is still being made. */
  vector: QueryVector | null | Promise<QueryVector | null>;
  filter: MemoryFilter;
  /** How many of the best by words, and how many of the best by vector, become candidates. */
  limit: number;
}

/** Scores of one memory against the query. */
export interface Scores {
  /** Cosine of the query and the best chunk, −1 to 1; null when the memory has no vector or the query none. */
  semantic: number | null;
  /** BM25 of each query term, in the order of `CandidateSet.terms`, ≥ 0. */
  words: ArrayLike<number>;
  /** Number of the memory's terms. */
  length: number;
}

/** A memory found by words or by vector, scored exactly by both, with what the ranking must know of it. */
export interface Candidate extends Scores {
  id: MemoryId;
  /**
   * Scores of the turns around it in its conversation, nearest first: `before[0]` is the previous turn. Filters don't
   * apply to neighbours. Empty without a conversation.
   */
  before: readonly Scores[];
  after: readonly Scores[];
  /** A turn of a conversation whose label names the speaker. */
  named: boolean;
  /** Positions of the query terms that name the turn's speaker; empty unless it is named. */
  speaker: readonly number[];
  /** Whose words it holds; null where that isn't known. */
  role: Role | null;
  /** A short turn of a conversation that ends by asking. */
  asks: boolean;
}

/** What a candidate search found. */
export interface CandidateSet {
  /** The best by words and the best by vector, and the turns around them where those pass the filter. */
  candidates: Candidate[];
  /** The query's terms that the store knows, each once. */
  terms: readonly string[];
  /**
   * The largest BM25 a memory could reach for this query: every query word present and saturated. Puts `words` on an
   * absolute scale; 0 when no query word exists in the store.
   */
  words_ceiling: number;
  /** Weight of each term where it is saturated, in the order of `terms`, and the sum of those that no memory has. */
  weights: readonly number[];
  unseen_weight: number;
  /** Number of memories that pass the filter; about so many where the store can only estimate. */
  memories: number;
  /**
   * Whether a vector was given and not used, since the store serves the vectors of another model, or of none: another
   * process may have switched it.
   */
  vector_ignored: boolean;
}

/** How far the vectors of one model reach. */
export interface VectorCoverage {
  /** The model whose vectors searches use now; null while there are none. */
  active: ModelIdentity | null;
  /** Memories in the store. */
  memories: number;
  /** Memories that have vectors of the active model. */
  embedded: number;
}

/** How the calls to the store's server fare in this process. */
export interface ConnectionFigures {
  /** Calls, and so connections, there may be at once. */
  limit: number;
  in_use: number;
  /** Calls that wait for a free connection now. */
  waiting: number;
  /** Requests sent since the process started, repetitions among them. */
  calls: number;
  /** Requests sent again after one that went unanswered. */
  retries: number;
  /** Requests that went unanswered. */
  failures: number;
  /** Calls turned away without a request: by the open circuit, or because none of the connections came free in time. */
  refused: number;
  /** `open`: calls are turned away for a while; `half-open`: the next one is let through to try. */
  circuit: "closed" | "open" | "half-open";
}

/** How far completing a store has come. */
export interface UpgradeProgress {
  done: number;
  /** Memories that needed it when the run began. */
  total: number;
}

/** How to complete a store, and whom to tell. */
export interface UpgradeOptions {
  /** Looks at every memory, in a store that is known to be complete too: another program may have written since. */
  thorough?: boolean;
  /** Ends the run after the step in hand. */
  signal?: AbortSignal;
  onProgress?: (progress: UpgradeProgress) => void;
}

/** A write as the outbox keeps it. */
export type QueuedWrite =
  | ({ kind: "store" } & NewMemory)
  | { kind: "update"; hash: string; patch: MemoryPatch; now: number }
  | { kind: "delete"; hash: string }
  | { kind: "trash"; hash: string; trashing: Trashing };

/** A write that the outbox handed on. */
export interface MadeWrite {
  write: QueuedWrite;
  /** False where there was nothing to do: the memory was stored already, or deleted already. */
  changed: boolean;
  /** The memory after an update. */
  memory: Memory | null;
}

/** Told what becomes of queued writes. Must not throw. */
export interface OutboxListener {
  /** The store is away and writes begin to wait. */
  waiting(reason: string): void;
  /** Writes were made, in the order they were queued. */
  made(writes: MadeWrite[]): void;
  /** The store refuses a write; it is kept aside, and those behind it go on. */
  setAside(write: QueuedWrite, reason: string): void;
  /** No write waits any more. */
  empty(): void;
}

/** How the outbox fares. */
export interface OutboxFigures {
  /** Writes that wait, the most there may be with those set aside, and how much of the file's bytes they use. */
  pending: number;
  limit: number;
  bytes: number;
  limit_bytes: number;
  /** Seconds the oldest of them has been waiting; null when none does. */
  oldest_seconds: number | null;
  /** Writes that the store refused, kept aside for the operator. */
  set_aside: number;
  /** Since the process started: writes taken, made, and turned away for want of room. */
  queued: number;
  made: number;
  refused: number;
  /** Why the writes wait, or could not be kept; null when all is well. */
  error: string | null;
}

/** A write that the store refused. */
export interface RefusedWrite {
  id: number;
  write: QueuedWrite;
  /** Unix seconds. */
  queued_at: number;
  refused_at: number;
  error: string;
}

/** An outbox's file as the operator sees it, whether or not a server has it. */
export interface OutboxContents {
  /** Writes that wait or were set aside, and their bytes. */
  readonly fill: { pending: number; refused: number; bytes: number };
  /** Writes that were set aside, first ones first. */
  refused(): RefusedWrite[];
  /** Sends writes that were set aside again, behind all others; the number sent. */
  retry(ids: readonly number[]): number;
  /** Forgets writes that were set aside; the number forgotten. */
  drop(ids: readonly number[]): number;
  close(): void;
}

/** Takes writes while the store is away, and hands them on in order. */
export interface Outbox {
  readonly figures: OutboxFigures;
  /** Whether writes that may wait do so now, since earlier ones wait. */
  readonly diverting: boolean;
  /** Begins to hand on what waits, now and later. Called once; until then writes only wait. */
  start(listener: OutboxListener): void;
}

/** Figures about the store. */
export interface StorageStats {
  total_memories: number;
  unique_tags: number;
  /** Bytes on disk; null when the store can't tell. */
  size_bytes: number | null;
  /** Driver-specific facts for the health answer: path, schema version, collection, … */
  details: Record<string, string | number | boolean | null>;
}

/** What hinders a store that answers. */
export interface StoreTrouble {
  /** `full` is told apart because somebody else's files may be the cause. */
  kind: "locked" | "full" | "read-only" | "failing" | "damaged" | "replaced" | "unanswered" | "replicas";
  /** `unhealthy` when what it answers can't be relied on. */
  severity: "degraded" | "unhealthy";
  /** Unix milliseconds at which it began, where that is known. */
  since?: number;
  /** In words for the operator, without names of files and servers. */
  message: string;
  /** What the operator can do. */
  action: string;
}

/** How a store that answers fares. */
export interface StoreCondition {
  troubles: StoreTrouble[];
  /** Driver-specific facts: sizes, state of the circuit, replicas, … */
  facts: Record<string, string | number | boolean | null>;
  /** Seconds by which the server's clock is ahead of this machine's; absent where there is no server or it doesn't tell. */
  clock_ahead?: number;
}

/** What a copy of the store's file holds. */
export interface SnapshotFacts {
  memories: number;
  trashed: number;
  relations: number;
  /** Version of the file's schema. */
  schema: number;
}

/** A memory that stood in a damaged part of a store. */
export interface UnreadableMemory {
  /** Null where that is unknown too. */
  content_hash: string | null;
  /** Number of its row. */
  row: number;
  trashed: boolean;
}

/** What can still be read of a damaged store, as it was at one moment. Disposing it removes the copy it reads from. */
export interface Salvage extends AsyncDisposable {
  readonly found: { memories: number; trashed: number; relations: number };
  /** Memories that are known to have been there and can't be read. */
  readonly unreadable: readonly UnreadableMemory[];
  /** content_hash of memories whose text is no longer what the hash was made of. */
  readonly altered: readonly string[];
  /** Whether more may be missing than is known. */
  readonly uncertain: boolean;
  /** @param after The `next` of an earlier step of `scan`; null for all. */
  memories(after: string | null): AsyncGenerator<Memory[]>;
  trashed(): AsyncGenerator<TrashedMemory[]>;
  relations(): AsyncGenerator<Relation[]>;
}

/** The file of a store that no process has open, nor can open before `release`. */
export interface StoreFile {
  /**
   * What it holds; null where there is no file yet.
   *
   * @throws {MemoryError} `invalid_input` when it can't be read as a store.
   */
  inspect(signal?: AbortSignal): Promise<SnapshotFacts | null>;
  /** Puts the file `by`, of the same folder, in its place in one step; `aside` is the name the old one keeps, null for none. */
  replace(by: string, aside: string | null): Promise<void>;
  release(): void;
}

/** Work with the files of a store, while it isn't open. */
export interface StoreFiles {
  /**
   * Reads every page of a copy; what it holds.
   *
   * @throws {MemoryError} `invalid_input` for a file that is no copy of a store, damaged or of a newer version.
   */
  verify(file: string, signal?: AbortSignal): Promise<SnapshotFacts>;
  /**
   * Takes the file of the store at `path`.
   *
   * @throws {MemoryError} `conflict` when a process has the store open.
   */
  take(path: string): Promise<StoreFile>;
  /**
   * Looks through a damaged file, which may not even open.
   *
   * @throws {MemoryError} `unavailable` when there is nothing to read.
   */
  salvage(path: string): Promise<Salvage>;
  /** Version of the schema that this build reads and writes. */
  schemaVersion(): Promise<number>;
}

/** What an examination from outside found. */
export interface StoreExamination {
  /** In words for the operator. */
  message: string;
  /** Null where there is nothing yet, or where the store doesn't tell. */
  memories: number | null;
  /** `created_at` of the newest memory, in Unix seconds. */
  newest: number | null;
  /** The model whose vectors searches use. */
  model: { id: string; name: string; dimensions: number } | null;
  /** Seconds by which the server's clock is ahead of this machine's. */
  clock_ahead: number | null;
  /** What doesn't keep the store from working. */
  warnings: { message: string; action: string }[];
}

/** A place where memories are kept. */
export interface MemoryStorage {
  readonly backend: "sqlite" | "qdrant";
  /** Times a database or a connection pool was opened by this process; 1 in a healthy process. */
  readonly opens: number;
  /** Null for a store without a server. */
  readonly connections: ConnectionFigures | null;
  /** Null where writes can't wait for the store. */
  readonly outbox: Outbox | null;

  /** Stores all items in one transaction; answers after its commit, one outcome per item in order. */
  store(items: NewMemory[], options?: MayQueue): Promise<StoreOutcome[]>;

  /** Memories by content_hash, in the order asked; null where there is none. */
  get(hashes: string[]): Promise<(Memory | null)[]>;

  /** Memories by handle from `candidates`, in the order asked; null where one has gone since. */
  read(ids: MemoryId[]): Promise<(Memory | null)[]>;

  /** Changes a memory and its `updated_at`, to `now` in Unix seconds; the memory after the change, or null when there is none. */
  update(hash: string, patch: MemoryPatch, now: number): Promise<Memory | null>;
  update(hash: string, patch: MemoryPatch, now: number, options: MayQueue): Promise<Memory | Queued | null>;

  /**
   * Changes a memory that is still as it was read, for changes that are made from what was read. Of several callers who
   * read the same, one makes its change.
   *
   * @param before The memory as `get` gave it.
   * @param current content_hash of another memory that must be there when the change is made, and be replaced by none.
   * Concurrent calls take effect one after the other in this too: no circle of replaced memories comes about.
   * @returns the memory after the change; `conflict`, with nothing changed, where either isn't so; null where the memory
   * is gone.
   */
  updateUnchanged(
    before: Memory,
    patch: MemoryPatch,
    now: number,
    options?: { current?: string },
  ): Promise<Memory | "conflict" | null>;

  /** Deletes memories for good, in one transaction; for each, whether it was there. Doesn't touch the trash. */
  delete(hashes: string[]): Promise<boolean[]>;
  delete(hashes: string[], options: MayQueue): Promise<(boolean | Queued)[]>;

  /**
   * Moves memories to the trash, in one transaction; for each, whether it was there. Nothing but the four calls for the
   * trash finds a trashed memory: no search, listing, count or statistic. Storing its content again stores a new memory
   * and drops the trashed one.
   */
  trash(hashes: string[], trashing: Trashing): Promise<boolean[]>;
  trash(hashes: string[], trashing: Trashing, options: MayQueue): Promise<(boolean | Queued)[]>;

  /**
   * Moves memories to the trash that are still as they were read.
   *
   * @param before The memories as `get` gave them.
   * @returns for each, whether it was moved; not where it was changed since, or is gone.
   */
  trashUnchanged(before: Memory[], trashing: Trashing): Promise<boolean[]>;

  /** Memories in the trash, last deleted first. */
  trashed(query: { offset: number; limit: number }): Promise<TrashPage>;

  /**
   * Takes memories back from the trash with all they had, vectors of the active model among it; for each, whether it
   * was in the trash.
   */
  restore(hashes: string[]): Promise<boolean[]>;

  /**
   * Deletes for good what is in the trash and meets every condition given, all of it without one; the number deleted.
   * Several processes may ask at once: each memory is deleted and counted once.
   */
  emptyTrash(which: { hashes?: string[]; deleted_before?: number }): Promise<number>;

  list(query: ListQuery): Promise<MemoryPage>;

  /**
   * A step of a walk through all memories in an order of the store's own, which no change disturbs: what is there from
   * the first step to the last comes exactly once, and each step costs the same. For exports.
   *
   * @param after The `next` of an earlier step, of this process or another; null to begin.
   * @throws {MemoryError} `invalid_input` for a text that is no `next` of this store.
   */
  scan(after: string | null, limit: number): Promise<ScanPage>;

  /**
   * Puts memories into the trash that come from elsewhere, without their being stored at any moment; for each, whether it
   * was put there. One that is stored, or in the trash already, is left alone.
   */
  bringTrash(items: TrashedMemory[]): Promise<boolean[]>;

  /**
   * Links memories; for each relation what came of it. A relation lives as long as both its memories: it is hidden while
   * one of them is in the trash, and gone when one is deleted for good.
   */
  relate(relations: Relation[]): Promise<RelateOutcome[]>;

  /** Removes relations, whatever their `created_at`; for each, whether it was there. */
  unrelate(relations: Omit<Relation, "created_at">[]): Promise<boolean[]>;

  /** Relations in both directions, newest first. */
  relations(query: RelationQuery): Promise<Relation[]>;

  /** All tags in use, most used first, then by name. */
  tags(): Promise<TagCount[]>;

  /** Finds candidates by words and vector over the same filter. */
  candidates(query: CandidateQuery): Promise<CandidateSet>;

  /**
   * Memories that contain `text` verbatim (ignoring case), best BM25 first, then newest. A page and the total.
   */
  containing(text: string, query: ListQuery): Promise<MemoryPage>;

  /**
   * The number of memories created in each span between two neighbouring edges, the lower one included. A driver
   * without histograms asks for one count a span.
   *
   * @param edges Unix seconds, ascending, at least two and at most 10,000.
   */
  histogram(edges: number[], filter: MemoryFilter): Promise<number[]>;

  /** Values of a field among the memories that pass, most used first, then by name with null last. */
  values(field: "tags" | "memory_type", filter: MemoryFilter): Promise<ValueCount[]>;

  /** How much text the store holds, and the `limit` longest memories. */
  sizes(limit: number): Promise<ContentSizes>;

  /** The active model's vectors of memories, in the order asked; null where a memory or its vectors are missing. */
  vectors(hashes: string[]): Promise<(VectorSet | null)[]>;

  /** The model whose vectors searches use; null while there is none. Cheap enough to ask every other second. */
  activeModel(): Promise<ModelIdentity | null>;

  /** Which vectors are served, and how many memories have them. */
  vectorCoverage(): Promise<VectorCoverage>;

  /**
   * Makes `model` known. The first model ever becomes the active one. A different one leaves the active model serving
   * until `activateVectors` is called.
   *
   * @returns the active model after the call.
   */
  registerModel(model: ModelIdentity): Promise<ModelIdentity>;

  /** Memories that have no vectors of `model` yet, oldest first, at most `limit`. */
  withoutVectors(model: string, limit: number): Promise<{ content_hash: string; content: string }[]>;

  /** Adds vectors made after the fact; entries whose memory has gone are ignored. */
  addVectors(items: { content_hash: string; vectors: VectorSet }[]): Promise<void>;

  /** Makes a registered model the active one and drops every other model's vectors, in one step for searchers. */
  activateVectors(model: string): Promise<void>;

  stats(): Promise<StorageStats>;

  /**
   * `optimize` tidies what the store keeps, `rebuild_index` makes anew what it derives from its memories. Other calls may
   * wait meanwhile; none fails.
   *
   * @returns what was done, in words for the operator.
   */
  maintain(task: MaintenanceTask): Promise<string>;

  /**
   * Completes memories that another program wrote with what searches need. Only adds; what is done stays done, so that
   * a stopped run goes on, and several may run at once.
   *
   * @returns how many memories were completed, of how many; fewer when stopped.
   */
  upgrade(options?: UpgradeOptions): Promise<UpgradeProgress>;

  /**
   * A short text kept beside the memories, for what processes that share the store tell each other; null where there is
   * none.
   *
   * @param name Lower-case letters and underscores.
   */
  note(name: string): Promise<string | null>;

  /**
   * Puts `after` in the place of `before`, null standing for no note, and says whether it did: of several callers with
   * the same `before` one does, the others find another note there.
   */
  changeNote(name: string, before: string | null, after: string | null, options?: NoteOptions): Promise<boolean>;

  /**
   * Copies the whole store, as it is at one moment, into the empty file `path`, and checks the copy; other calls go on
   * meanwhile. Null, with nothing written, where the store is no file of this machine: its memories can be exported.
   *
   * @throws {MemoryError} `unavailable` when the copy can't be written.
   */
  snapshot(path: string, signal?: AbortSignal): Promise<SnapshotFacts | null>;

  /**
   * What can still be read, where a call came upon damage; null where none did, and for a store that is no file of this
   * machine.
   *
   * @throws {MemoryError} `unavailable` when there is no room beside the store to look through it.
   */
  salvage(): Promise<Salvage | null>;

  /** Throws `unavailable` when the store doesn't answer. */
  ping(): Promise<void>;

  /**
   * Looks for what hinders the store, such as another process's lock or a full disk. For health answers, a few a minute.
   *
   * @throws {MemoryError} `unavailable` when the store doesn't answer.
   */
  condition(): Promise<StoreCondition>;

  /** Finishes running calls and releases the store. Idempotent. */
  close(): Promise<void>;

  /**
   * Releases what lies on this machine before it returns, for the end of a process that waits for nothing: files and
   * their locks, notes kept until the store is closed. Writes that weren't answered may be lost; what needs the network
   * is left to time-outs. Never throws; idempotent, also beside `close`.
   */
  closeNow(): void;
}

/** How long a note stays. */
export interface NoteOptions {
  /** Whether it is removed when the store is closed, by a driver that can do so without waiting. */
  untilClosed?: boolean;
}
