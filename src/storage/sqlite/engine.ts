/**
 * What all views of one database share: its connections, the index in memory, the queue of writes, and the way calls run.
 *
 * @module
 */

import { errorText, MemoryError } from "../../errors.ts";
import { DEFAULT_SPACE } from "../../memory/space.ts";
import { Calls } from "../calls.ts";
import type { Capabilities } from "../contract/capabilities.ts";
import type { Salvage } from "../files.ts";
import { Analysis } from "../analysis.ts";
import { CandidateSearch } from "./candidate_search.ts";
import { closeDatabase, type Database, prepareRows, sqliteFailure, storageError } from "./database.ts";
import { Filtering } from "./filtering.ts";
import { IndexSync } from "./index_sync.ts";
import { Models } from "./models.ts";
import { removeNotes } from "./notes.ts";
import { DEFAULT_NUMBER, type Reach } from "./reach.ts";
import { Records } from "./records.ts";
import { copyDatabase } from "./snapshot.ts";
import { NO_SPACE, SpaceNumbers } from "./space_numbers.ts";
import { MEMORY_ROW } from "./rows.ts";
import { TextScans } from "./text_scans.ts";
import { TrashReader } from "./trash.ts";
import { type Work, WriteQueue } from "./write_queue.ts";

/** Reads a range of a table's index on content_hash. */
const keysOf = (table: "memories" | "trash", inReach: string) =>
  `SELECT DISTINCT content_hash FROM ${table} WHERE content_hash >= ? AND content_hash < ? AND ${inReach} ` +
  "ORDER BY content_hash LIMIT ?";

/** One open database. */
export class Engine {
  readonly database: Database;
  readonly queue: WriteQueue;
  readonly sync: IndexSync;
  readonly records: Records;
  readonly models: Models;
  readonly scans: TextScans;
  readonly trash: TrashReader;
  readonly analysis = new Analysis();
  readonly filtering: Filtering;
  readonly search: CandidateSearch;
  readonly statements;
  readonly capabilities: Capabilities = {
    snapshots: {
      snapshot: (path, signal) => this.call("copy the store", () => copyDatabase(this.database.path, path, signal)),
      salvage: () => this.call("read what is left of the store", () => this.#salvage()),
    },
  };
  /** Notes of this process alone, by name. */
  readonly notes = new Map<string, string>();
  readonly #calls = new Calls((action, work) => this.#attempt(action, work));
  readonly #numbers: SpaceNumbers;
  #closing: Promise<void> | undefined;
  #released = false;

  constructor(database: Database) {
    this.database = database;
    const { reader } = database;
    const sync = this.sync = new IndexSync(
      database,
      (items) => this.queue.run("analyse memories", this.records.replaceTerms(items)),
      (content) => this.analysis.of("counts", content),
    );
    this.queue = new WriteQueue(database, (memories) => sync.changed(memories));
    this.records = new Records(database, sync.terms);
    this.models = new Models(database, this.queue);
    this.scans = new TextScans(reader, (space) => sync.sizeOf(space) * 2 >= sync.size);
    this.trash = new TrashReader(reader);
    this.#numbers = new SpaceNumbers(reader);
    this.statements = {
      byHash: prepareRows(reader, `SELECT ${MEMORY_ROW} FROM memories WHERE content_hash = ? AND space = ?`),
      byHashAnywhere: prepareRows(
        reader,
        `SELECT ${MEMORY_ROW} FROM memories WHERE content_hash = ? ORDER BY space LIMIT 1`,
      ),
      byIds: prepareRows(
        reader,
        `SELECT ${MEMORY_ROW}, space, id FROM memories WHERE id IN (SELECT value FROM json_each(?))`,
      ),
      keys: {
        memories: prepareRows(reader, keysOf("memories", "space = ?")),
        trash: prepareRows(reader, keysOf("trash", "space = ?")),
      },
      keysAnywhere: {
        memories: prepareRows(reader, keysOf("memories", "TRUE")),
        trash: prepareRows(reader, keysOf("trash", "TRUE")),
      },
      vectors: prepareRows(
        reader,
        "SELECT v.codes, v.remainders, m.space FROM memories m JOIN vectors v ON v.memory_id = m.id " +
          "WHERE m.content_hash = ? AND v.model = ? ORDER BY m.space",
      ),
    };
    this.filtering = new Filtering(sync, this.scans);
    this.search = new CandidateSearch(database, sync, this.models, this.filtering);
    this.call("read the index", () => sync.current()).catch(() => {}); // the next call tries again and tells
  }

  /** Runs a call of the contract, and tells its failures in the contract's words. */
  call<T>(action: string, work: () => Promise<T>): Promise<T> {
    return this.#calls.run(action, work);
  }

  /** Runs a call that is one write. */
  write<T>(action: string, work: Work<T>): Promise<T> {
    return this.call(action, () => this.queue.run(action, work));
  }

  /** Numbers of the spaces of these names that there are, in their order; null for all. */
  reach(names: readonly string[] | "all"): Reach {
    if (names === "all") return null;
    if (names.length === 1 && names[0] === DEFAULT_SPACE) return ONLY_DEFAULT;
    return names.map((name) => this.#numbers.find(name)).filter((number) => number !== NO_SPACE);
  }

  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    this.#calls.close();
    this.sync.stop();
    await this.#calls.settled();
    await this.queue.close();
    await this.sync.close();
    this.#release();
  }

  closeNow(): void {
    this.#closing ??= Promise.resolve();
    this.#calls.close();
    this.sync.stop();
    this.queue.closeNow();
    this.#release();
  }

  /** Closes the connections, whatever state they are in, and lets others have the file. */
  #release(): void {
    if (this.#released) return;
    this.#released = true;
    this.analysis.close();
    const { writer } = this.database;
    for (
      const step of [
        () => writer.isTransaction && writer.exec("ROLLBACK"),
        () => this.notes.size > 0 && removeNotes(writer, this.notes),
        () => closeDatabase(this.database),
      ]
    ) {
      try {
        step();
      } catch {
        // The next step counts more than what this one missed.
      }
    }
  }

  async #salvage(): Promise<Salvage | null> {
    if (this.queue.faults.damagedAt === null) return null;
    // Loaded here, so that a sound store doesn't pay for it.
    return await (await import("./salvage/salvage.ts")).openSalvage(this.database.path);
  }

  async #attempt<T>(action: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof MemoryError) && sqliteFailure(errorText(error)) === "damaged") {
        this.queue.faults.failed(error);
      }
      throw storageError(error, action);
    }
  }
}

const ONLY_DEFAULT: Reach = [DEFAULT_NUMBER];
