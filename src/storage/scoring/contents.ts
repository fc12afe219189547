/**
 * Contents as scoring needs them: analysed once, and kept for a while.
 *
 * @module
 */

import type { Memory } from "../../memory/memory.ts";
import { type Role, roleOf } from "../../memory/role.ts";
import { analyse } from "../../memory/text.ts";
import { TURN_TYPE, type TurnFeatures, turnFeatures } from "../../memory/turn.ts";

/** Milliseconds for which a content is kept. */
const KEPT_MS = 300_000;
/** Characters of contents that are kept, as terms about as many again. */
const MAX_CHARS = 4_000_000;

/** A memory's content, analysed as far as a search needs it. */
export class Content {
  /** What the conversation is known by; null for what is no turn. */
  readonly conversation: string | null;
  /** Whose words it holds. */
  readonly role: Role | null;
  /** Whether its type says that it is a turn. */
  readonly turn: boolean;
  /** Unix seconds. */
  readonly created: number;
  readonly #text: string;
  /** The terms, each between blanks. */
  #terms: string | undefined;
  #length = 0;
  #features: TurnFeatures | undefined;

  /**
   * @param at Milliseconds at which it was read.
   * @param conversation What its conversation is known by.
   */
  constructor(
    memory: Pick<Memory, "content" | "conversation_id" | "memory_type" | "metadata" | "created_at">,
    readonly at: number,
    conversation = memory.conversation_id,
  ) {
    this.#text = memory.content;
    this.conversation = conversation;
    this.role = roleOf(memory);
    this.turn = memory.memory_type === TURN_TYPE;
    this.created = memory.created_at;
  }

  /** Number of characters. */
  get size(): number {
    return this.#text.length;
  }

  /** Number of terms. */
  get length(): number {
    this.#analyse();
    return this.#length;
  }

  get features(): TurnFeatures {
    return this.#features ??= turnFeatures(this.#text, this.length);
  }

  /** How often a term occurs. */
  count(term: string): number {
    const terms = this.#analyse(), needle = ` ${term} `;
    let count = 0;
    // Two neighbouring terms share the blank between them.
    for (let at = terms.indexOf(needle); at >= 0; at = terms.indexOf(needle, at + needle.length - 1)) count++;
    return count;
  }

  #analyse(): string {
    if (this.#terms === undefined) {
      const terms = analyse(this.#text);
      this.#terms = ` ${terms.join(" ")} `;
      this.#length = terms.length;
    }
    return this.#terms;
  }
}

/** Contents of one search, by id: what it has read stays until its end, however much that is. */
export class SearchContents {
  readonly #kept: Contents;
  readonly #held = new Map<string, Content>();

  /** @param kept What earlier searches have read. */
  constructor(kept: Contents) {
    this.#kept = kept;
  }

  /** What is known of a memory's content; undefined when it must be read. */
  get(id: string): Content | undefined {
    const held = this.#held.get(id) ?? this.#kept.get(id);
    if (held !== undefined) this.#held.set(id, held);
    return held;
  }

  /** Keeps a memory's content, for later searches too. */
  keep(id: string, memory: Memory): void {
    this.#held.set(id, this.#kept.keep(id, memory));
  }
}

/** Names the conversation of a memory; null where it is no turn of one. */
export type ConversationOf = (memory: Memory) => string | null;

/** Contents of one store, by id. */
export class Contents {
  readonly #conversationOf: ConversationOf;
  /** Two generations: when the newer one is full, the older one goes. */
  #newer = new Map<string, Content>();
  #older = new Map<string, Content>();
  #newerChars = 0;

  constructor(conversationOf: ConversationOf = ({ conversation_id }) => conversation_id) {
    this.#conversationOf = conversationOf;
  }

  /** What is kept of a memory's content; undefined when it must be read. */
  get(id: string): Content | undefined {
    const kept = this.#newer.get(id) ?? this.#older.get(id);
    return kept !== undefined && performance.now() - kept.at < KEPT_MS ? kept : undefined;
  }

  /** Keeps a memory's content for a while. */
  keep(id: string, memory: Memory): Content {
    const kept = new Content(memory, performance.now(), this.#conversationOf(memory));
    this.#newer.set(id, kept);
    this.#newerChars += kept.size;
    if (this.#newerChars > MAX_CHARS / 2) {
      this.#older = this.#newer;
      this.#newer = new Map();
      this.#newerChars = 0;
    }
    return kept;
  }

  forget(id: string): void {
    this.#newer.delete(id);
    this.#older.delete(id);
  }
}
