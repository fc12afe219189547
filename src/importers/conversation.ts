/**
 * Turns of conversations, and the entries that an import makes of them.
 *
 * @module
 */

import { contentHash } from "../memory/hash.ts";
import type { Metadata } from "../memory/memory.ts";
import { TURN_TYPE } from "../memory/turn.ts";
import type { Entry } from "../operations/moving/import.ts";
import { entry } from "./importer.ts";

/** One message. */
export interface Turn {
  /** Where it stands in the source, for messages. */
  place: string;
  /** Unique among all messages of the source, and the same in every export. */
  id: string;
  role: "user" | "assistant" | "tool";
  text: string;
  /** Unix seconds; undefined where the source has none. */
  at: number | undefined;
  /** More to keep with it, such as the model; absent values are left out. */
  facts?: Record<string, string | undefined>;
}

/** Longest conversation id a memory can carry. */
const MAX_ID = 256;

/** Makes entries of one conversation's turns, in the order in which they are given. */
export class Conversation {
  readonly #source: string;
  readonly #id: string;
  readonly #facts: Metadata;
  #last: number;

  /** Unix seconds of the last turn; what the next one is created after. */
  get last(): number {
    return this.#last;
  }

  /**
   * @param source The program, such as `chatgpt`; also the beginning of the conversation's id here.
   * @param begun Unix seconds for turns without a time before the first one that has one.
   * @param facts The same for all turns, such as the title.
   */
  constructor(source: string, id: string, begun: number, facts: Record<string, string | undefined> = {}) {
    this.#source = source;
    this.#id = `${source}:${id}`.slice(0, MAX_ID);
    this.#facts = present(facts);
    this.#last = begun;
  }

  /** The memory of a turn. Times only grow, so that the order of the source is kept. */
  entryOf({ place, id, role, text, at, facts = {} }: Turn): Entry {
    const created_at = Math.max(at ?? 0, this.#last + 0.001);
    this.#last = created_at;
    const content = text.trim();
    return entry(place, {
      kind: "memory",
      content,
      // "Yes" is said more than once, and each time is a turn of its own. A session that is resumed repeats its turns in
      // another file, so the conversation doesn't count.
      content_hash: contentHash(content, { source: this.#source, message_id: id }),
      tags: [],
      memory_type: TURN_TYPE,
      metadata: { source: this.#source, role, message_id: id, ...this.#facts, ...present(facts) },
      conversation_id: this.#id,
      created_at,
      updated_at: created_at,
    });
  }
}

function present(facts: Record<string, string | undefined>): Metadata {
  return Object.fromEntries(Object.entries(facts).filter((pair): pair is [string, string] => pair[1] !== undefined));
}
