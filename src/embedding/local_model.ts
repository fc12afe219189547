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

/**
 * Least cosine of two vectors that count as the same text's by the same model. Of the reference text, exact kernels
 * reach 0.9999 and saturating ones 0.963; of other texts the former 0.998 at worst, the latter 0.99 on average.
 */
const SAME = 0.99;

/** A loaded model. Runs must not overlap. */
export class LocalModel {
  readonly dimensions: number;
  readonly fingerprint: string;
  /** Whether the vectors are those the model gives elsewhere; false when its reference text got another one. */
  readonly faithful: boolean;
  readonly #files: ModelFiles;
  readonly #tokenizer: TextTokenizer;
  readonly #session: EmbeddingSession;

  private constructor(
    files: ModelFiles,
    tokenizer: TextTokenizer,
    session: EmbeddingSession,
    facts: { dimensions: number; fingerprint: string; faithful: boolean },
  ) {
    this.#files = files;
    this.#tokenizer = tokenizer;
    this.#session = session;
    this.dimensions = facts.dimensions;
    this.fingerprint = facts.fingerprint;
    this.faithful = facts.faithful;
  }

  /**
   * Loads a model and runs its reference text, which shows that its files fit each other, warms it up, and decides by
   * which kernels it is run: the processor's own, or slower ones where its own give other vectors.
   *
   * @throws {MemoryError} `configuration` naming the file that can't be used.
   */
  static async open(files: ModelFiles, threads: number): Promise<LocalModel> {
    // The session first: its loading needs twice the weights for a moment, which the tokenizer's memory then reuses.
    let session = await openSession(files, threads, false);
    try {
      const tokenizer = await attempt(files.tokenizer, async () => {
        const [tokenizer, config] = await Promise.all(
          [files.tokenizer, files.tokenizerConfig].map(async (path) => JSON.parse(await Deno.readTextFile(path))),
        );
        return new TextTokenizer({ tokenizer, config }, files.window);
      });
      const ids = tokenizer.encode(files.reference?.text ?? "");
      const run = () => attempt(files.onnx, () => session.run(ids));
      let vector = await run(), expected: ArrayLike<number> | null = files.reference?.vector ?? null;
      if (expected === null && files.quantised && Deno.build.arch === "x86_64") {
        // A model without a reference is its own, run by the exact kernels.
        const exact = await openSession(files, threads, true);
        expected = await attempt(files.onnx, () => exact.run(ids)).finally(() => exact.release());
      }
      if (expected !== null && !isSame(vector, expected)) {
        await session.release();
        session = await openSession(files, threads, true);
        vector = await run();
      }
      return new LocalModel(files, tokenizer, session, {
        dimensions: vector.length,
        fingerprint: fingerprint(files.onnx),
        faithful: expected === null || isSame(vector, expected),
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

function openSession({ onnx, pooling }: ModelFiles, threads: number, exact: boolean): Promise<EmbeddingSession> {
  return attempt(onnx, () => EmbeddingSession.open(onnx, threads, pooling, exact));
}

function isSame(vector: Float32Array, expected: ArrayLike<number>): boolean {
  return vector.length === expected.length && vector.reduce((sum, value, i) => sum + value * expected[i]!, 0) >= SAME;
}

async function attempt<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw configurationError(`Cannot load the embedding model file ${path}`, error);
  }
}
