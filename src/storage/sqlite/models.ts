/**
 * The models whose vectors a database holds, and the work of bringing a new one in.
 *
 * @module
 */

import type { ModelIdentity } from "../../embedding/embedder.ts";
import { MemoryError } from "../../errors.ts";
import type { VectorSet } from "../contract/vectors.ts";
import { type Database, prepareRows, rowsOf, type Value } from "./database.ts";
import { escapeText, unescapeText } from "../escape.ts";
import type { TimeSlice } from "../../yielding.ts";
import { quantise } from "./quantise.ts";
import type { PreparedVectors } from "./quantise.ts";
import { type Reach, reaches } from "./reach.ts";
import { checkDimensions } from "./records.ts";
import type { WriteQueue } from "./write_queue.ts";

const COLUMNS = "number, id, name, provider, dimensions";
/** Rows looked at in one go for missing vectors, and ids whose old vectors are dropped in one transaction. */
const ROWS_AT_ONCE = 1000;

/** A model with its number in this database. */
export interface NumberedModel {
  number: number;
  identity: ModelIdentity;
}

/** Models of one database. */
export class Models {
  readonly #database: Database;
  readonly #queue: WriteQueue;
  readonly #byId;
  readonly #byNumber;
  readonly #missing;
  /** Row id up to which every memory has vectors, by model number. */
  #complete = new Map<number, number>();

  constructor(database: Database, queue: WriteQueue) {
    const { reader } = this.#database = database;
    this.#queue = queue;
    this.#byId = prepareRows(reader, `SELECT ${COLUMNS} FROM models WHERE id = ?`);
    this.#byNumber = prepareRows(reader, `SELECT ${COLUMNS} FROM models WHERE number = ?`);
    this.#missing = prepareRows(
      reader,
      "SELECT m.id, m.content_hash, v.model IS NULL, iif(v.model IS NULL, m.content, NULL), m.space FROM memories m " +
        "LEFT JOIN vectors v ON v.memory_id = m.id AND v.model = ? WHERE m.id > ? ORDER BY m.id LIMIT ?",
    );
  }

  find(id: string): NumberedModel | null {
    return modelOf(rowsOf(this.#byId, escapeText(id))[0]);
  }

  numbered(number: number): NumberedModel | null {
    return modelOf(rowsOf(this.#byNumber, number)[0]);
  }

  /**
   * Vectors in the form they are written.
   *
   * @throws {MemoryError} `internal` for a model that isn't registered, or vectors of another length than its own.
   */
  prepare(vectors: VectorSet): PreparedVectors {
    const { number, identity } = this.#required(vectors.model);
    checkDimensions(vectors.chunks, identity.dimensions, identity.name);
    return { model: number, ...quantise(vectors.chunks, identity.dimensions) };
  }

  /** Makes a model known; the first one becomes the active one. */
  async register(model: ModelIdentity): Promise<void> {
    const known = this.find(model.id);
    if (known !== null) {
      if (known.identity.dimensions === model.dimensions) return;
      throw new MemoryError(
        "conflict",
        `Cannot register model ${model.id} with ${model.dimensions} dimensions: ` +
          `it is stored with ${known.identity.dimensions}`,
      );
    }
    const { writer } = this.#database;
    await this.#queue.run(
      "register the model",
      // deno-lint-ignore require-yield -- two rows are done in one go
      function* () {
        writer.prepare("INSERT INTO models (id, name, provider, dimensions) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING")
          .run(escapeText(model.id), escapeText(model.name), model.provider, model.dimensions);
        writer.exec(
          "UPDATE counters SET value = (SELECT min(number) FROM models) WHERE name = 'active_model' AND value = 0",
        );
        return { result: undefined, changed: 0 };
      },
    );
  }

  /** Makes a registered model the active one. */
  async activate(id: string): Promise<void> {
    const { writer } = this.#database, { number } = this.#required(id);
    await this.#queue.run(
      "activate the model",
      // deno-lint-ignore require-yield -- one row is done in one go
      function* () {
        writer.prepare("UPDATE counters SET value = ? WHERE name = 'active_model'").run(number);
        return { result: undefined, changed: 0 };
      },
    );
  }

  /** Drops the vectors of all models but one, in steps. */
  async dropOthers(id: string): Promise<void> {
    const { writer } = this.#database, { number } = this.#required(id);
    const drop = writer.prepare("DELETE FROM vectors WHERE memory_id > ? AND memory_id <= ? AND model <> ?");
    const last = Number(writer.prepare("SELECT ifnull(max(memory_id), 0) AS last FROM vectors").get()!.last);
    for (let from = 0; from < last; from += ROWS_AT_ONCE) {
      await this.#queue.run(
        "drop replaced vectors",
        // deno-lint-ignore require-yield -- a bounded number of rows
        function* () {
          drop.run(from, from + ROWS_AT_ONCE, number);
          return { result: undefined, changed: 0 };
        },
      );
    }
    for (const model of this.#complete.keys()) if (model !== number) this.#complete.delete(model);
  }

  /** Memories of the spaces in reach without vectors of a model, in the order they were stored. */
  async missing(
    id: string,
    limit: number,
    reach: Reach,
    timeSlice: TimeSlice,
  ): Promise<{ content_hash: string; content: string }[]> {
    const { number } = this.#required(id), found: { content_hash: string; content: string }[] = [];
    let isComplete = true;
    for (let last = this.#complete.get(number) ?? 0; found.length < limit;) {
      const rows = rowsOf(this.#missing, number, last, ROWS_AT_ONCE);
      for (const [row, hash, isMissing, content, space] of rows) {
        isComplete &&= isMissing === 0;
        if (isComplete) this.#complete.set(number, Number(row));
        if (isMissing === 1 && reaches(reach, Number(space))) {
          found.push({ content_hash: String(hash), content: unescapeText(String(content)) });
        }
        if (found.length === limit) break;
      }
      if (rows.length < ROWS_AT_ONCE) break;
      last = Number(rows.at(-1)![0]);
      await timeSlice.yieldIfDue();
    }
    return found;
  }

  #required(id: string): NumberedModel {
    const model = this.find(id);
    if (model === null) throw new MemoryError("internal", `Cannot use vectors of model ${id}: it isn't registered`);
    return model;
  }
}

function modelOf(row: Value[] | undefined): NumberedModel | null {
  if (row === undefined) return null;
  const [number, id, name, provider, dimensions] = row;
  return {
    number: Number(number),
    identity: {
      id: unescapeText(String(id)),
      name: unescapeText(String(name)),
      provider: provider as ModelIdentity["provider"],
      dimensions: Number(dimensions),
    },
  };
}
