/**
 * The model itself: an ONNX Runtime session that turns one text's token ids into one vector.
 *
 * @module
 */

import { InferenceSession, Tensor } from "onnxruntime-node";
import { pool, toUnitLength } from "./pooling.ts";
import type { Pooling } from "./profile.ts";
import { forbidReports } from "./reports.ts";

/** Outputs that hold a vector for each token, by the names exporters give them. */
const TOKEN_OUTPUTS = ["last_hidden_state", "token_embeddings"];
/** Outputs that hold the text's vector. */
const TEXT_OUTPUTS = ["sentence_embedding", "text_embeds", "pooler_output"];
const KNOWN_INPUTS = new Set(["input_ids", "attention_mask", "token_type_ids", "position_ids"]);
/**
 * Microseconds a thread waits busily for its share of the next operator. With both of two cores free, 20 is as fast as
 * ONNX Runtime's default of many milliseconds (2.3 ms for 32 tokens; one thread 3.4, no busy waiting 3.2). When other
 * work wants the cores too, the default makes every run twice as slow as one thread would be, 20 a tenth to a fifth.
 */
const SPIN_MICROSECONDS = "20";

/**
 * Runs texts one at a time. A batch would share one scale for int8 activations, so that a text's vector depended on
 * its neighbours, and would be slower because of padding.
 */
export class EmbeddingSession {
  readonly #session: InferenceSession;
  readonly #pooling: Pooling;
  readonly #output: string;

  private constructor(session: InferenceSession, pooling: Pooling) {
    this.#session = session;
    this.#pooling = pooling;
    const { inputNames, outputNames } = session;
    const unknown = inputNames.find((name) => !KNOWN_INPUTS.has(name));
    if (unknown !== undefined) throw new Error(`its input ${unknown} isn't one of an embedding model`);
    const output = [...TOKEN_OUTPUTS, ...TEXT_OUTPUTS].find((name) => outputNames.includes(name));
    if (output === undefined) throw new Error(`its outputs ${outputNames.join(", ")} hold no embedding`);
    this.#output = output;
  }

  /**
   * Loads a model from its path, so that the runtime reads it and no copy passes through JavaScript.
   *
   * @param threads threads of one run.
   * @param exact whether int8 products are summed exactly on every x86 processor. Those with AVX2 but without VNNI
   * otherwise add pairs of them in 16 bits, which saturate: cosines to the model's own vectors fall to 0.96. It makes runs
   * slower, by 10 % there and by two thirds on a processor with VNNI, which sums exactly anyway. ONNX Runtime's header
   * `onnxruntime_session_options_config_keys.h` describes the option; elsewhere than on x86 it does nothing.
   * @throws whatever the runtime says about a file that isn't a model, and an Error when it isn't an embedding model.
   */
  static async open(path: string, threads: number, pooling: Pooling, exact: boolean): Promise<EmbeddingSession> {
    forbidReports();
    const session = await InferenceSession.create(path, {
      intraOpNumThreads: threads,
      // Plans memory for each length seen and keeps them all: 4 MB more for no speed.
      enableMemPattern: false,
      extra: {
        session: {
          intra_op: { spin_duration_us: SPIN_MICROSECONDS },
          ...(exact ? { x64quantprecision: "1" } : {}),
        },
      },
      logSeverityLevel: 3,
    });
    try {
      return new EmbeddingSession(session, pooling);
    } catch (error) {
      await session.release();
      throw error;
    }
  }

  /** Unit-length vector of one text. */
  async run(ids: readonly number[]): Promise<Float32Array<ArrayBuffer>> {
    const shape = [1, ids.length];
    const feeds: Record<string, Tensor> = {};
    for (const name of this.#session.inputNames) feeds[name] = new Tensor("int64", inputOf(name, ids), shape);
    const output = (await this.#session.run(feeds, [this.#output]))[this.#output]!;
    const values = output.data as Float32Array;
    const dimensions = output.dims.at(-1)!;
    if (output.dims.length === 3) return pool(values, output.dims[1]!, dimensions, this.#pooling);
    return toUnitLength(new Float32Array(values.subarray(0, dimensions)));
  }

  /** Frees the model. */
  async release(): Promise<void> {
    await this.#session.release();
  }
}

function inputOf(name: string, ids: readonly number[]): BigInt64Array {
  if (name === "input_ids") return BigInt64Array.from(ids, BigInt);
  if (name === "attention_mask") return new BigInt64Array(ids.length).fill(1n);
  if (name === "position_ids") return BigInt64Array.from(ids.keys(), BigInt);
  return new BigInt64Array(ids.length);
}
