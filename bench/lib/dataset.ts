/**
 * A retrieval set: texts, and questions with the ids of the texts that answer them.
 *
 * @module
 */

import { z } from "zod";
import { contentHash } from "../../src/memory/hash.ts";

const Dataset = z.object({
  docs: z.array(z.object({
    t: z.string(),
    id: z.string(),
    conv: z.string().nullish(),
    tags: z.array(z.string()).nullish(),
    type: z.string().nullish(),
    /** When it was said, in ISO 8601. */
    at: z.string().nullish(),
  })).min(1),
  qs: z.array(z.object({
    q: z.string(),
    ev: z.array(z.string()).min(1),
    conv: z.string().nullish(),
    cat: z.union([z.string(), z.number()]).nullish(),
  })).min(1),
});
export type Dataset = z.infer<typeof Dataset>;
export type Doc = Dataset["docs"][number];
export type Question = Dataset["qs"][number];

/**
 * Reads a set.
 *
 * @throws {Error} naming the file and what is wrong with it.
 */
export async function readDataset(path: string): Promise<Dataset> {
  const parsed = Dataset.safeParse(JSON.parse(await Deno.readTextFile(path)));
  if (!parsed.success) throw new Error(`Cannot use ${path}: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

/** Finds the ids behind a memory that a service answered, by its content_hash. */
export class TextIds {
  readonly #ids = new Map<string, Set<string>>();
  readonly #ofConversation = new Map<string, Set<string>>();

  constructor(docs: readonly Doc[]) {
    for (const { t, id, conv } of docs) {
      add(this.#ids, contentHash(t), id);
      if (conv != null) add(this.#ofConversation, conv, id);
    }
  }

  /** Ids of all texts that are kept as this memory; none for one that isn't of the set. */
  of(hash: string): ReadonlySet<string> {
    return this.#ids.get(hash) ?? new Set();
  }

  /** The same within one conversation. */
  within(conversation: string, hash: string): ReadonlySet<string> {
    return this.of(hash).intersection(this.#ofConversation.get(conversation) ?? new Set());
  }
}

function add(sets: Map<string, Set<string>>, key: string, value: string): void {
  const known = sets.get(key);
  if (known) known.add(value);
  else sets.set(key, new Set([value]));
}
