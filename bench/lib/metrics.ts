/**
 * How well a list of results answers a question whose evidence is known.
 *
 * A result is the set of ids that share its text: several turns may say the same words, and a store keeps them once.
 *
 * @module
 */

/** Results of one question, best first. */
export type Results = readonly ReadonlySet<string>[];

/** Figures of one question at turn level, each 0 to 1. */
export interface TurnScores {
  /** Share of the evidence among the first 5 and the first 10 results. */
  r5: number;
  r10: number;
  /** Whether any evidence is among the first 10. */
  hit10: number;
  /** One over the rank of the first result that is evidence, within the first 10. */
  mrr: number;
}

/** Figures of one question at session level, each 0 to 1. */
export interface SessionScores {
  /** Whether any evidence session is among the first 5 and the first 10 sessions. */
  any5: number;
  any10: number;
  /** Share of the evidence sessions found there. */
  share5: number;
  share10: number;
}

/** Scores the turns found. */
export function scoreTurns(results: Results, evidence: readonly string[]): TurnScores {
  const wanted = new Set(evidence);
  const first = results.slice(0, 10).findIndex((ids) => !ids.isDisjointFrom(wanted));
  const r10 = recall(results, wanted, 10);
  return { r5: recall(results, wanted, 5), r10, hit10: r10 > 0 ? 1 : 0, mrr: first < 0 ? 0 : 1 / (first + 1) };
}

/** Scores the sessions found, of a ranking as `rankSessions` gives it. */
export function scoreSessions(ranking: readonly string[], evidence: readonly string[]): SessionScores {
  const wanted = new Set(evidence.map(sessionOf));
  const share = (count: number) => ranking.slice(0, count).filter((name) => wanted.has(name)).length / wanted.size;
  const share5 = share(5), share10 = share(10);
  return { any5: share5 > 0 ? 1 : 0, any10: share10 > 0 ? 1 : 0, share5, share10 };
}

/** Sessions by the first result that belongs to them. */
export function rankSessions(results: Results): string[] {
  return [...new Set(results.flatMap((ids) => [...ids].map(sessionOf)))];
}

/** The session of a turn: the part of its id before the colon. */
export function sessionOf(id: string): string {
  return id.split(":", 1)[0]!;
}

function recall(results: Results, wanted: ReadonlySet<string>, count: number): number {
  const found = new Set(results.slice(0, count).flatMap((ids) => [...ids]));
  return wanted.intersection(found).size / wanted.size;
}

/** Figures of one question about what changed, each 0 to 1. */
export interface DatedScores {
  /** Whether the first result is right: any of the evidence, or the earliest of it where an order is asked for. */
  first: number;
  /** Normalised discounted cumulative gain of the first 10; where an order is asked for, earlier evidence gains more. */
  ndcg: number;
}

/** Scores results whose order matters. `evidence` is the earliest first where an order is asked for. */
export function scoreDated(
  results: Results,
  evidence: readonly string[],
  { inOrder }: { inOrder: boolean },
): DatedScores {
  const gains = evidence.map((_, i) => inOrder ? (evidence.length - i) / evidence.length : 1);
  const gainOf = (ids: ReadonlySet<string>) => Math.max(0, ...evidence.map((id, i) => ids.has(id) ? gains[i]! : 0));
  const discounted = (list: readonly number[]) =>
    list.slice(0, 10).reduce((sum, gain, i) => sum + gain / Math.log2(i + 2), 0);
  const first = gainOf(results[0] ?? new Set());
  return {
    first: (inOrder ? first === gains[0] : first > 0) ? 1 : 0,
    ndcg: discounted(results.map(gainOf)) / discounted(gains),
  };
}
