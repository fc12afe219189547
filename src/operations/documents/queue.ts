/**
 * The uploads of this process, worked on one file at a time. There is one queue for a process.
 *
 * @module
 */

import { DocumentParser } from "../../documents/parser.ts";
import { errorText, MemoryError } from "../../errors.ts";
import type { SpaceScope } from "../../storage/contract/scope.ts";
import { uploadEvent } from "../event_types.ts";
import type { HealthRecord } from "../health/record.ts";
import type { Runtime } from "../runtime.ts";
import { type ChunkSizes, ingest } from "./ingest.ts";
import type { UploadFacts } from "./memories.ts";
import { isFinal, stateOf, statusOf, type UploadSession } from "./session.ts";

/** Bytes of files that may wait. */
const MAX_WAITING_BYTES = 256 * 1024 * 1024;
/** Finished uploads remembered with their errors; older ones are known from their memories. */
const REMEMBERED = 500;
/** Uploads remembered as taken off the list, which has no more entries than this. */
const HIDDEN = 1000;
/** Progress between two events, in per cent. */
const PROGRESS_STEP = 10;

/** A file that waits to be read. */
export interface KeptFile {
  /** Bytes. */
  readonly size: number;
  read(): Promise<Uint8Array<ArrayBuffer>>;
  /** Removes it once it was read, or never will be. Must not throw. */
  remove(): Promise<void>;
}

/** An upload and its files. */
export interface UploadJob {
  /** The caller's, who need not be there any more when its turn comes. */
  runtime: Runtime;
  session: UploadSession;
  /** The session's files, in the same order. */
  files: KeptFile[];
  facts: Pick<UploadFacts, "tags" | "memoryType"> & ChunkSizes;
}

const queues = new WeakMap<HealthRecord, UploadQueue>();

/** The queue of the runtime's process, which the runtimes of all its callers share. */
export function uploadsOf({ health, now }: Runtime): UploadQueue {
  let queue = queues.get(health);
  if (queue === undefined) queues.set(health, queue = new UploadQueue(now));
  return queue;
}

/** Whether an upload concerns a caller who reads or, to change it, writes to these spaces. */
function isIn({ space }: UploadSession, spaces: SpaceScope["read"]): boolean {
  return spaces === "all" || spaces.includes(space);
}

/** Works on uploads in the order they came. */
export class UploadQueue {
  readonly #now: () => number;
  readonly #sessions = new Map<string, UploadSession>();
  /** Uploads that clients took off the list without deleting their memories. */
  readonly #hidden = new Set<string>();
  readonly #parser = new DocumentParser();
  readonly #waiting: UploadJob[] = [];
  #waitingBytes = 0;
  #current: { id: string; abort: AbortController; ended: PromiseWithResolvers<void> } | null = null;
  #running: Promise<void> = Promise.resolve();
  #idle = true;
  #stopped = false;

  /** @param now Unix seconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** @throws {MemoryError} `overloaded` when too much waits, `unavailable` while the service stops. */
  add(job: UploadJob): void {
    if (this.#stopped) throw new MemoryError("unavailable", "Cannot take an upload: the service is stopping");
    const bytes = bytesOf(job);
    if (this.#waitingBytes > 0 && this.#waitingBytes + bytes > MAX_WAITING_BYTES) {
      throw new MemoryError("overloaded", "Cannot take an upload: too many documents wait already", {
        retryAfterSeconds: 10,
      });
    }
    this.#sessions.set(job.session.id, job.session);
    this.#waiting.push(job);
    this.#waitingBytes += bytes;
    if (!this.#idle) return;
    this.#idle = false;
    this.#running = this.#work();
  }

  /** An upload of the spaces that are read. */
  find(id: string, { read }: SpaceScope): UploadSession | undefined {
    const session = this.#sessions.get(id);
    return session && isIn(session, read) ? session : undefined;
  }

  /** All uploads remembered of the spaces that are read, newest first. */
  sessions({ read }: SpaceScope): UploadSession[] {
    return [...this.#sessions.values()].filter((session) => isIn(session, read)).reverse();
  }

  /** Resident bytes of the process that reads documents; 0 while none runs. */
  get parserMemory(): number {
    return this.#parser.memory;
  }

  isHidden(id: string): boolean {
    return this.#hidden.has(id);
  }

  /** Takes an upload that exists off the list; the oldest that was goes back when there are too many. */
  hide(id: string): void {
    this.#hidden.add(id);
    if (this.#hidden.size > HIDDEN) this.#hidden.delete(this.#hidden.values().next().value!);
  }

  /** Ends an upload of the space that is written to where it is, and forgets it. */
  async forget(id: string, { write }: SpaceScope): Promise<void> {
    const session = this.#sessions.get(id);
    if (session !== undefined && !isIn(session, [write])) return;
    const waiting = this.#waiting.findIndex((job) => job.session.id === id);
    if (waiting >= 0) {
      const job = this.#waiting.splice(waiting, 1)[0]!;
      this.#waitingBytes -= bytesOf(job);
      await Promise.all(job.files.map((file) => file.remove()));
    }
    if (this.#current?.id === id) {
      this.#current.abort.abort();
      await this.#current.ended.promise;
    }
    this.#sessions.delete(id);
  }

  /** Waits until nothing is left to do. */
  async settled(): Promise<void> {
    while (!this.#idle) await this.#running;
  }

  /**
   * Ends all work: the document in hand is stored whole or not at all, the others not at all.
   *
   * @returns a line for each upload that ended early, naming what was stored and what wasn't.
   */
  async stop(): Promise<string[]> {
    this.#stopped = true;
    const open = [...this.#sessions.values()].filter((session) => !isFinal(stateOf(session.files)));
    this.#current?.abort.abort();
    await this.#running;
    await this.#parser.close();
    return open.map((session) => {
      const named = (stored: boolean) =>
        session.files.filter((file) => (file.state === "completed") === stored).map((file) => file.name).join(", ");
      return `Upload ${session.id} ended early: stored ${named(true) || "nothing"}; not stored: ${
        named(false) || "nothing"
      }`;
    });
  }

  async #work(): Promise<void> {
    for (let job = this.#waiting.shift(); job !== undefined; job = this.#waiting.shift()) {
      const bytes = bytesOf(job), { session, runtime } = job;
      const abort = new AbortController(), ended = Promise.withResolvers<void>();
      this.#current = { id: session.id, abort, ended };
      if (this.#stopped) abort.abort();
      const tell = this.#teller(runtime, session);
      for (const index of session.files.keys()) await this.#ingest(job, index, abort.signal, tell);
      session.completedAt = this.#now();
      tell();
      this.#waitingBytes -= bytes;
      this.#current = null;
      ended.resolve();
      this.#trim();
    }
    this.#idle = true;
  }

  /** Publishes an upload's progress where there is enough of it to tell. */
  #teller(runtime: Runtime, session: UploadSession): () => void {
    let lastProgress = -PROGRESS_STEP, lastState = "";
    return () => {
      const status = statusOf(session), state = session.completedAt === null ? "processing" : status.status;
      if (state === lastState && status.progress < lastProgress + PROGRESS_STEP) return;
      lastProgress = status.progress;
      lastState = state;
      const { upload_id, filename, progress, chunks_stored, total_chunks } = status;
      const facts = { upload_id, filename, status: state, progress, chunks_stored, total_chunks };
      runtime.events.publish(uploadEvent(facts));
    };
  }

  async #ingest(
    { runtime, session, files, facts }: UploadJob,
    index: number,
    signal: AbortSignal,
    onProgress: () => void,
  ): Promise<void> {
    const progress = session.files[index]!;
    const batch = session.batch ? { index: index + 1, files: session.files.map((file) => file.name) } : null;
    progress.state = "processing";
    onProgress();
    try {
      signal.throwIfAborted();
      const upload = { ...facts, uploadId: session.id, uploadedAt: session.createdAt, batch };
      const bytes = await files[index]!.read();
      await ingest(runtime, this.#parser, bytes, upload, progress, { signal, onProgress });
      progress.state = "completed";
    } catch (error) {
      progress.state = signal.aborted ? "stopped" : "failed";
      progress.error = signal.aborted ? `Stopped before "${progress.name}" was stored` : faultOf(progress.name, error);
    }
    await files[index]!.remove();
    files[index] = NO_FILE;
  }

  #trim(): void {
    for (const [id, session] of this.#sessions) {
      if (this.#sessions.size <= REMEMBERED) return;
      if (isFinal(stateOf(session.files))) this.#sessions.delete(id);
    }
  }
}

/** In the place of a file that was read, so that its bytes aren't held longer. */
const NO_FILE: KeptFile = { size: 0, read: () => Promise.resolve(new Uint8Array(0)), remove: () => Promise.resolve() };

function bytesOf({ session }: UploadJob): number {
  return session.files.reduce((sum, file) => sum + file.size, 0);
}

/** The text for clients; what is a fault of the service goes to the log. */
function faultOf(name: string, error: unknown): string {
  if (error instanceof MemoryError && error.code !== "internal") {
    return error.message.includes(name) ? error.message : `Cannot store "${name}": ${error.message}`;
  }
  console.error(`Cannot store the document "${name}": ${error instanceof Error ? error.stack : errorText(error)}`);
  return `Cannot store "${name}": a fault of the service; its log has more`;
}
