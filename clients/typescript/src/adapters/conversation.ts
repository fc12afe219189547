/**
 * A conversation as memories: one for each message, in order, so that it is searched like everything else. What only
 * the framework needs stands in the metadata; the words are the memory's content. The Python client writes the same.
 *
 * @module
 */

import type { Unimem } from "../client.ts";
import type { Memory, NewMemory } from "../types.ts";

/** Messages that are stored or deleted in one call. */
const BATCH = 500;

/** A message of a conversation. */
export interface Turn {
  role: "user" | "assistant" | "system" | "tool";
  /** Its words; a message without any is described in a few. */
  text: string;
  /** The message as its framework writes it. */
  data: Record<string, unknown>;
}

/** A message that was read back. */
export interface StoredTurn {
  content_hash: string;
  text: string;
  data: Record<string, unknown>;
}

/** The messages of one conversation that one framework wrote. */
export class Conversation {
  readonly #client: Unimem;
  readonly #source: string;
  readonly #id: string;
  #position = 0;

  constructor(client: Unimem, source: string, id: string) {
    this.#client = client;
    this.#source = source;
    this.#id = id;
  }

  async add(turns: readonly Turn[], tags: readonly string[] = []): Promise<void> {
    for (let start = 0; start < turns.length; start += BATCH) {
      await this.#add(turns.slice(start, start + BATCH), tags);
    }
  }

  async #add(turns: readonly Turn[], tags: readonly string[]): Promise<void> {
    const memories = turns.map(({ role, text, data }) => ({
      content: text,
      conversation_id: this.#id,
      memory_type: "message",
      tags: [...tags],
      metadata: {
        source: this.#source,
        role,
        message_id: crypto.randomUUID().replaceAll("-", ""),
        position: this.#next(),
        message: data,
      },
    } satisfies NewMemory));
    const { results } = await this.#client.storeMany(memories);
    // The same words are one memory to the service. Said again, they get a mark that makes them another one.
    const again = memories.filter((_, i) => results[i]?.duplicate);
    if (again.length === 0) return;
    await this.#client.storeMany(
      again.map((memory) => ({ ...memory, content: memory.content + mark(memory.metadata) })),
    );
  }

  /** Microseconds, increasing from message to message. */
  #next(): number {
    this.#position = Math.max(this.#position + 1, Date.now() * 1000);
    return this.#position;
  }

  /** All messages, first said first. */
  async read(): Promise<StoredTurn[]> {
    const found: Memory[] = [];
    for await (const memory of this.#client.all({ conversation_id: this.#id, order: "time" })) {
      if (memory.metadata.source === this.#source && memory.metadata.message !== undefined) found.push(memory);
    }
    const position = ({ metadata }: Memory) => metadata.position as number;
    return found.sort((a, b) => position(a) - position(b)).map(({ content, content_hash, metadata }) => {
      const end = mark(metadata);
      const text = content.endsWith(end) ? content.slice(0, -end.length) : content;
      return { content_hash, text, data: metadata.message as Record<string, unknown> };
    });
  }

  async clear(permanent: boolean): Promise<void> {
    const hashes = (await this.read()).map(({ content_hash }) => content_hash);
    for (let start = 0; start < hashes.length; start += BATCH) {
      await this.#client.deleteMany(hashes.slice(start, start + BATCH), { permanent });
    }
  }
}

function mark({ message_id }: Record<string, unknown>): string {
  return `\n\n[message ${String(message_id)}]`;
}
