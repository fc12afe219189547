/**
 * Short texts beside the memories, changed by compare-and-set: fields of the reserved point, each changed only where the
 * value that was read still stands.
 *
 * @module
 */

import type { Schemas } from "@qdrant/js-client-rest";
import { escapeText, unescapeText } from "../escape.ts";
import type { Collection } from "./collection.ts";
import { RESERVED_ID } from "./layout.ts";

/** Notes of one collection. */
export class Notes {
  readonly #collection: Collection;

  constructor(collection: Collection) {
    this.#collection = collection;
  }

  /** The note of that name; null where there is none. */
  async read(name: string): Promise<string | null> {
    const key = keyOf(name);
    const points = await this.#collection.read<Schemas["Record"][]>(
      "read a note",
      (api, to, init) => api.getPoints({ ...to, ids: [RESERVED_ID], with_payload: [key], with_vector: false }, init),
    );
    const value = points[0]?.payload?.[key];
    return typeof value === "string" ? unescapeText(value) : null;
  }

  /**
   * Puts `after` in the place of `before`; whether it stands there now. A call that is repeated for want of an answer
   * changes nothing the second time.
   */
  async change(name: string, before: string | null, after: string | null): Promise<boolean> {
    const key = keyOf(name);
    const unchanged: Schemas["Condition"] = before === null
      ? { is_empty: { key } }
      : { key, match: { value: escapeText(before) } };
    await this.#collection.write("change a note", (api, to, init) =>
      api.setPayload({
        ...to,
        payload: { [key]: after === null ? null : escapeText(after) },
        filter: { must: [{ has_id: [RESERVED_ID] }, unchanged] },
      }, init));
    return await this.read(name) === after;
  }
}

function keyOf(name: string): string {
  return `note_${name}`;
}
