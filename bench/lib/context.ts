/**
 * What the sections of the benchmark share: sizes, the peer, the loaded pair of services and progress.
 *
 * @module
 */

import { type Pair, startPair } from "./pair.ts";
import type { Metric } from "./metric.ts";
import { pairedRatios, spread } from "./stats.ts";

/** How much is measured. */
export interface Sizes {
  /** Starts of each service. */
  starts: number;
  /** Memories in the loaded pair, and in how many turns they are stored. */
  memories: number;
  turns: number;
  /** Memories stored in one batch measurement, and measurements. */
  batch: number;
  batches: number;
  /** Queries in one turn of searching. */
  queries: number;
  /** Seconds of load in one turn. */
  loadSeconds: number;
  loadTurns: number;
  /** Memories in the large store, and queries to it. */
  large: number;
  largeQueries: number;
  /** Texts embedded for it. */
  largeTexts: number;
  /** Seconds of mixed load in a turn. */
  mixedSeconds: number;
  /** Long texts stored in one turn, memories in the stores of long texts, and long texts embedded for those. */
  longBatch: number;
  longStores: number[];
  longTexts: number;
}

export const FULL: Sizes = {
  starts: 7,
  memories: 6000,
  turns: 6,
  batch: 1000,
  batches: 4,
  queries: 60,
  loadSeconds: 8,
  loadTurns: 3,
  large: 100_000,
  largeQueries: 1000,
  largeTexts: 4000,
  mixedSeconds: 12,
  longBatch: 100,
  longStores: [6000, 100_000],
  longTexts: 1000,
};

export const QUICK: Sizes = {
  starts: 3,
  memories: 600,
  turns: 3,
  batch: 300,
  batches: 2,
  queries: 30,
  loadSeconds: 3,
  loadTurns: 2,
  large: 10_000,
  largeQueries: 300,
  largeTexts: 1000,
  mixedSeconds: 4,
  longBatch: 30,
  longStores: [600],
  longTexts: 100,
};

/** Times that loading the two services is tried. */
const PAIR_ATTEMPTS = 2;

/** A part of the benchmark that can be run alone. */
export type Section = (context: Context) => Promise<Metric[]>;

/** State of one run of the benchmark. */
export class Context {
  readonly sizes: Sizes;
  /** Which weights the peer runs; null when it isn't installed. */
  readonly peerWeights: string | null;
  /** Where the time goes, as Markdown, once it was measured. */
  profile: string | null = null;
  #pair: Promise<Pair> | undefined;
  #attempts = 0;
  #nextQuestion = 0;

  constructor(sizes: Sizes, peerWeights: string | null) {
    this.sizes = sizes;
    this.peerWeights = peerWeights;
  }

  get hasPeer(): boolean {
    return this.peerWeights !== null;
  }

  /** Both services, loaded; the first section that needs them pays for it, and a second one tries again. */
  pair(): Promise<Pair> {
    if (this.#pair === undefined) {
      const last = ++this.#attempts === PAIR_ATTEMPTS;
      this.#pair = startPair(this);
      this.#pair.catch(() => last || (this.#pair = undefined));
    }
    return this.#pair;
  }

  /** The first of `count` questions that no service has been asked. */
  takeQuestions(count: number): number {
    const first = this.#nextQuestion;
    this.#nextQuestion += count;
    return first;
  }

  progress(text: string): void {
    console.error(`[${(performance.now() / 1000).toFixed(0).padStart(4)} s] ${text}`);
  }

  /** A metric compared with the peer by measurements taken in turns. */
  against(
    metric: Omit<Metric, "unimem" | "reference" | "advantage">,
    unimem: readonly number[],
    peer: readonly number[],
    missing = this.hasPeer ? "not measured" : "peer not installed",
  ): Metric {
    const ratios = metric.better === "higher" ? pairedRatios(unimem, peer) : pairedRatios(peer, unimem);
    return {
      ...metric,
      unimem: spread(unimem),
      reference: peer.length > 0 ? spread(peer) : missing,
      advantage: ratios.length > 0 ? spread(ratios) : null,
    };
  }

  async close(): Promise<void> {
    await (await this.#pair?.catch(() => undefined))?.[Symbol.asyncDispose]();
  }
}
