/**
 * In which languages a store's texts are, by a sample, and whether the embedding model knows them.
 *
 * @module
 */

import { languagesOf } from "../embedding/embedder.ts";
import { languageOf } from "../memory/language.ts";
import type { MemoryStorage } from "../storage/contract/storage.ts";

export { languagesOf, type ModelLanguages } from "../embedding/embedder.ts";

/** The model that `multilingual` stands for. MIT licence; https://huggingface.co/intfloat/multilingual-e5-small */
export const MULTILINGUAL_MODEL = "intfloat/multilingual-e5-small";

/** Places in the store that are looked at, and memories read at each. */
const PLACES = 5, READ_AT_PLACE = 20;
/** Characters of a text that are looked at. */
const READ = 1000;
/** Texts whose language must be known for anything to be said, and the share of them that must be foreign. */
const ENOUGH = 5, MOST = 0.5;
/** Languages that are named. */
const NAMED = 3;
/** Milliseconds for which a sample counts, and growth of the store after which it doesn't. */
const FRESH_MS = 3_600_000, GROWTH = 1.2;
/** Milliseconds that a look at the service's health waits for a sample. */
const PATIENCE_MS = 1500;

/** Languages of a sample of texts. */
export interface TextLanguages {
  /** Texts whose language is known. */
  known: number;
  /** Share of each language among them, 0 to 1, most used first; in English, such as `German`. */
  shares: { language: string; share: number }[];
  /** Whether most of them are in other languages than English. */
  foreign: boolean;
}

/** The languages of these texts. */
export function languagesOfTexts(texts: readonly string[]): TextLanguages {
  const counts = new Map<string, number>();
  let known = 0, english = 0;
  for (const text of texts) {
    const beginning = text.slice(0, READ), language = languageOf(beginning);
    if (language === null && !isOtherScript(beginning)) continue;
    known++;
    if (language === "en") english++;
    const name = language === null ? "another script" : nameOf(language);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const shares = [...counts].map(([language, count]) => ({ language, share: count / known }))
    .sort((a, b) => b.share - a.share);
  return { known, shares, foreign: known >= ENOUGH && (known - english) / known > MOST };
}

/** What to tell of a model that doesn't know the languages of the texts, and what to do; null where it may. */
export function foreignTexts(
  model: string,
  texts: TextLanguages | null,
  bySetting: boolean,
): { message: string; action: string } | null {
  if (texts === null || !texts.foreign || languagesOf(model) !== "English") return null;
  const named = texts.shares.filter(({ language }) => language !== "English").slice(0, NAMED)
    .map(({ language, share }) => `${language} ${Math.round(share * 100)} %`).join(", ");
  return {
    message: `it knows English only, and most texts here are in other languages (${named})`,
    action: bySetting
      ? `Set MCP_MEMORY_EMBEDDING_MODEL to a multilingual model such as ${MULTILINGUAL_MODEL}`
      : "Run unimem model multilingual, so that searches by meaning find them",
  };
}

/** The texts of a sample of memories from all over the store. */
export async function sampleTexts(storage: MemoryStorage): Promise<string[]> {
  const first = await storage.list({ filter: {}, offset: 0, limit: READ_AT_PLACE });
  const found = new Map(first.memories.map(({ content_hash, content }) => [content_hash, content]));
  for (let place = 1; place < PLACES && first.total > READ_AT_PLACE; place++) {
    const offset = Math.floor((place * (first.total - READ_AT_PLACE)) / (PLACES - 1));
    const { memories } = await storage.list({ filter: {}, offset, limit: READ_AT_PLACE });
    for (const { content_hash, content } of memories) found.set(content_hash, content);
  }
  return [...found.values()];
}

/** The languages of one store, looked at while the service's health is, so that no request waits for it. */
export class LanguageWatch {
  /** What the last sample found; null before the first, and where the model isn't known to be for English alone. */
  last: TextLanguages | null = null;
  readonly #now: () => number;
  #sampled: { total: number; at: number } | undefined;
  #looking: Promise<void> | undefined;

  /** @param now Milliseconds that only grow. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * Takes a sample where the last one is old. Never rejects, and never takes long.
   *
   * @param model Name of the model; undefined until it is known.
   */
  async look(storage: MemoryStorage, model: string | undefined): Promise<void> {
    if (model === undefined || languagesOf(model) !== "English") return void (this.last = null);
    this.#looking ??= this.#look(storage).catch(() => {}) // the part of the store tells of it
      .finally(() => this.#looking = undefined);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => timer = setTimeout(resolve, PATIENCE_MS));
    await Promise.race([this.#looking, late]);
    clearTimeout(timer);
  }

  async #look(storage: MemoryStorage): Promise<void> {
    const { total } = await storage.list({ filter: {}, offset: 0, limit: 0 }), now = this.#now();
    const { total: before = 0, at = -Infinity } = this.#sampled ?? {};
    if (now - at < FRESH_MS && total <= before * GROWTH && total >= before / GROWTH && this.last !== null) return;
    this.last = languagesOfTexts(await sampleTexts(storage));
    this.#sampled = { total, at: now };
  }
}

/** Whether most letters are of another script than English is written in. */
function isOtherScript(text: string): boolean {
  const letters = text.match(/\p{L}/gu)?.length ?? 0, latin = text.match(/\p{Script=Latin}/gu)?.length ?? 0;
  return letters >= 4 && latin < letters / 2;
}

function nameOf(language: string): string {
  try {
    return new Intl.DisplayNames("en", { type: "language" }).of(language) ?? language;
  } catch {
    return language;
  }
}
