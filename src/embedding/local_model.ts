/**
 * A local model: tokenizer and session together, from text to vectors.
 *
 * @module
 */

import { chunkText } from "../memory/chunking.ts";
import { fingerprint } from "./fingerprint.ts";
import { configurationError, type ModelFiles } from "./model_files.ts";
import type { TextKind } from "./provider.ts";
import { sanitise } from "./sanitise.ts";
import { EmbeddingSession } from "./session.ts";
import { TextTokenizer } from "./tokenizer.ts";

/** Share of a window that a chunk repeats of the one before, so that no sentence is only ever seen cut in two. */
const OVERLAP_SHARE = 1 / 8;

/** A loaded model. Runs must not overlap. */
export class LocalModel {
  readonly dimensions: number;
  readonly fingerprint: string;
  readonly #files: ModelFiles;
  readonly #tokenizer: TextTokenizer;
  readonly #session: EmbeddingSession;

  private constructor(
    files: ModelFiles,
    tokenizer: TextTokenizer,
    session: EmbeddingSession,
    facts: { dimensions: number; fingerprint: string },
  ) {
    this.#files = files;
    this.#tokenizer = tokenizer;
    this.#session = session;
    this.dimensions = facts.dimensions;
    this.fingerprint = facts.fingerprint;
  }

  /**
   * Loads a model and runs it once, which shows that its files fit each other and warms it up.
   *
   * @throws {MemoryError} `configuration` naming the file that can't be used.
   */
  static async open(files: ModelFiles, threads: number): Promise<LocalModel> {
    // The session first: its loading needs twice the weights for a moment, which the tokenizer's memory then reuses.
    const session = await attempt(files.onnx, () => EmbeddingSession.open(files.onnx, threads, files.pooling));
    try {
      const tokenizer = await attempt(files.tokenizer, async () => {
        const [tokenizer, config] = await Promise.all(
          [files.tokenizer, files.tokenizerConfig].map(async (path) => JSON.parse(await Deno.readTextFile(path))),
        );
        return new TextTokenizer({ tokenizer, config }, files.window);
      });
      const vector = await attempt(files.onnx, () => session.run(tokenizer.encode("warm-up")));
      return new LocalModel(files, tokenizer, session, {
        dimensions: vector.length,
        fingerprint: fingerprint(files.onnx),
      });
    } catch (error) {
      await session.release();
      throw error;
    }
  }

  /** Token ids of each run a text needs: one for a query, one for each chunk of a passage. */
  *parts(text: string, kind: TextKind): Generator<number[], void, void> {
    const prefix = this.#files.prefix[kind];
    const clean = sanitise(text);
    if (kind === "query") {
      yield this.#tokenizer.encode(prefix + clean);
      return;
    }
    const whole = this.#tokenizer.encodeWhole(prefix + clean);
    if (whole !== undefined) {
      yield whole;
      return;
    }
    const budget = this.#tokenizer.budget - this.#tokenizer.count(prefix);
    const countTokens = (part: string) => this.#tokenizer.count(part);
    for (const { start, end } of chunkText(clean, { countTokens, budget, overlap: budget * OVERLAP_SHARE })) {
      yield this.#tokenizer.encode(prefix + clean.slice(start, end).trim());
    }
  }

  /** Unit-length vector of one part. */
  run(part: readonly number[]): Promise<Float32Array<ArrayBuffer>> {
    return this.#session.run(part);
  }

  /** Frees the model. */
  release(): Promise<void> {
    return this.#session.release();
  }
}

async function attempt<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw configurationError(`Cannot load the embedding model file ${path}`, error);
  }
}
