/**
 * The figures of a retrieval run: summed up with confidence intervals, and printed.
 *
 * @module
 */

import type { Answered } from "../retrieval.ts";
import { bootstrap, type Estimate, percentile } from "./stats.ts";
import { short, table } from "./table.ts";

/** What was measured beside the answers. */
export interface Conditions {
  mode: string;
  texts: number;
  /** Milliseconds from the command to both ports answering. */
  start_ms: number;
  /** Milliseconds from there to the first search by meaning. */
  meaning_ms: number;
  /** Texts stored in a second by all clients together. */
  store_per_second: number;
  /** Resident memory of the service after loading, in MB. */
  resident_mb: number;
  /** Milliseconds of every search in the pool, over MCP. */
  search_ms: number[];
  /** Whether nothing was relevant, for each question of other sets. */
  silenced: Record<string, boolean[]>;
}

/** Figures by their names. */
type Figures<Name extends string> = Record<Name, Estimate>;
const TURNS = ["r5", "r10", "hit10", "mrr"] as const;
const SESSIONS = ["any5", "any10", "share5", "share10"] as const;

/** Figures of vectors alone. */
interface Cosines {
  pool: Figures<typeof TURNS[number]>;
  alone: Figures<typeof TURNS[number]> | null;
}

/** A run's figures. */
export interface Report extends Omit<Conditions, "search_ms" | "silenced"> {
  questions: number;
  search_p50_ms: number;
  search_p95_ms: number;
  /** All texts in one pool. */
  pool: Figures<typeof TURNS[number]>;
  /** Each conversation alone; null when no question names one. */
  alone: Figures<typeof TURNS[number]> | null;
  sessions: Figures<typeof SESSIONS[number]> | null;
  /** Of the pool what `min_relevance: auto` leaves: R@10, and questions that get anything. */
  auto: { r10: Estimate; answered: Estimate };
  /** Share of other sets' questions for which nothing was relevant. */
  silenced: Record<string, Estimate>;
  /** By cosines alone; null without vectors. */
  cosines: Cosines | null;
  /** R@10 with a message and its answer as one result; null where that wasn't asked for. */
  exchanges: { pool: Figures<"results" | "both">; alone: Figures<"results" | "both"> | null } | null;
  /** Questions of each category. */
  categories: Record<string, Pick<Report, "pool" | "alone" | "sessions" | "cosines">>;
}

/** Sums up a run. */
export function reportOf(answered: readonly Answered[], { search_ms, silenced, ...conditions }: Conditions): Report {
  const named = answered.flatMap(({ category }) => category === null ? [] : [category]);
  const categories = [...new Set(named)].sort();
  return {
    ...conditions,
    questions: answered.length,
    search_p50_ms: percentile(search_ms, 0.5),
    search_p95_ms: percentile(search_ms, 0.95),
    ...levels(answered),
    exchanges: exchangesOf(answered),
    auto: {
      r10: bootstrap(answered.map(({ auto }) => auto.r10)),
      answered: bootstrap(answered.map(({ relevant }) => Number(relevant > 0))),
    },
    silenced: Object.fromEntries(
      Object.entries(silenced).map(([name, all]) => [name, bootstrap(all.map(Number))]),
    ),
    categories: Object.fromEntries(
      categories.map((name) => [name, levels(answered.filter(({ category }) => category === name))]),
    ),
  };
}

/** A run as Markdown tables. */
export function reportText(report: Report): string {
  const turnRow = (name: string, figures: Report["alone"]) => figures ? [[name, ...cells(figures, TURNS)]] : [];
  const sessionRow = (name: string, figures: Report["sessions"]) =>
    figures ? [[name, ...cells(figures, SESSIONS)]] : [];
  const groups = Object.entries(report.categories);
  const turns = table(["turns", "R@5", "R@10", "hit@10", "MRR"], [
    ...turnRow("one pool", report.pool),
    ...turnRow("each conversation alone", report.alone),
    ...groups.flatMap(([name, { pool }]) => turnRow(`category ${name}, pool (${pool.r5.count})`, pool)),
    ...groups.flatMap(([name, { alone }]) => turnRow(`category ${name}, alone`, alone)),
  ]);
  const sessions = table(["sessions, each conversation alone", "any@5", "any@10", "share@5", "share@10"], [
    ...sessionRow("all", report.sessions),
    ...groups.flatMap(([name, { sessions }]) => sessionRow(`category ${name}`, sessions)),
  ]);
  const service = table(["service", "figure"], [
    ["start to both ports answering", `${short(report.start_ms)} ms`],
    ["first search by meaning after that", `${short(report.meaning_ms)} ms`],
    ["store, 8 REST clients", `${short(report.store_per_second)}/s`],
    ["resident memory after loading", `${short(report.resident_mb)} MB`],
    ["search over MCP, p50", `${short(report.search_p50_ms)} ms`],
    ["search over MCP, p95", `${short(report.search_p95_ms)} ms`],
  ]);
  const title =
    `${report.texts} texts, ${report.questions} questions, mode ${report.mode}; 95 % intervals by bootstrap.`;
  return [title, turns, ...(report.sessions ? [sessions] : []), service].join("\n\n");
}

/** R@10 with a message and its answer as one result, for each set; empty where that wasn't asked for. */
export function exchangesText(runs: readonly { name: string; report: Report }[]): string {
  const rows = runs.flatMap(({ name, report: { pool, alone, exchanges } }) => {
    if (exchanges === null) return [];
    const line = (where: string, apart: Estimate | undefined, paired: Figures<"results" | "both"> | null) =>
      paired === null ? [] : [[`${name}, ${where}`, cell(apart), cell(paired.results), cell(paired.both)]];
    return [...line("pool", pool.r10, exchanges.pool), ...line("alone", alone?.r10, exchanges.alone)];
  });
  if (rows.length === 0) return "";
  return table(["R@10", "turns apart", "exchanges, the result alone", "exchanges, both turns"], rows);
}

/** Several sets in one table: R@10 and hit@10 with each category's, beside those of cosines alone. */
export function summaryText(runs: readonly { name: string; report: Report }[]): string {
  const rows = runs.flatMap(({ name, report }) => [
    { name: `**${name}**`, ...report },
    ...Object.entries(report.categories).map(([category, figures]) => ({ name: category, ...figures })),
  ]);
  const header = [
    "set, category",
    "n",
    "R@10, pool",
    "hit@10",
    "R@10, alone",
    "hit@10",
    "vectors, pool",
    "vectors, alone",
  ];
  return [
    "95 % intervals by bootstrap over questions; vectors: R@10 of the largest cosines alone.",
    table(
      header,
      rows.map(({ name, pool, alone, cosines }) => [
        name,
        String(pool.r10.count),
        cell(pool.r10),
        cell(pool.hit10),
        cell(alone?.r10),
        cell(alone?.hit10),
        cell(cosines?.pool.r10),
        cell(cosines?.alone?.r10),
      ]),
    ),
  ].join("\n\n");
}

/** What `min_relevance: auto` costs and what it keeps away, a row for each set. */
export function relevanceText(runs: readonly { name: string; report: Report }[]): string {
  const names = [...new Set(runs.flatMap(({ report }) => Object.keys(report.silenced)))];
  return table(
    ["with auto", "questions answered", "R@10 lost", ...names.map((name) => `nothing for ${name}'s`)],
    runs.map(({ name, report: { auto, pool, silenced } }) => [
      name,
      cell(auto.answered),
      (100 * (pool.r10.mean - auto.r10.mean)).toFixed(1),
      ...names.map((other) => cell(silenced[other])),
    ]),
  );
}

function levels(answered: readonly Answered[]): Pick<Report, "pool" | "alone" | "sessions" | "cosines"> {
  const alone = answered.flatMap((one) => one.alone ?? []), sessions = answered.flatMap((one) => one.sessions ?? []);
  const cosines = answered.flatMap((one) => one.cosines ?? []),
    aloneByCosine = cosines.flatMap((one) => one.alone ?? []);
  return {
    pool: estimates(answered.map((one) => one.pool), TURNS),
    alone: alone.length > 0 ? estimates(alone, TURNS) : null,
    sessions: sessions.length > 0 ? estimates(sessions, SESSIONS) : null,
    cosines: cosines.length === 0 ? null : {
      pool: estimates(cosines.map((one) => one.pool), TURNS),
      alone: aloneByCosine.length > 0 ? estimates(aloneByCosine, TURNS) : null,
    },
  };
}

function exchangesOf(answered: readonly Answered[]): Report["exchanges"] {
  const measured = answered.flatMap(({ exchanges }) => exchanges ?? []);
  if (measured.length === 0) return null;
  const alone = measured.flatMap((one) => one.alone ?? []), names = ["results", "both"] as const;
  return {
    pool: estimates(measured.map(({ pool }) => ({ ...pool })), names),
    alone: alone.length > 0 ? estimates(alone.map((one) => ({ ...one })), names) : null,
  };
}

function estimates<Name extends string>(scores: Record<Name, number>[], names: readonly Name[]): Figures<Name> {
  return Object.fromEntries(names.map((name) => [name, bootstrap(scores.map((one) => one[name]))])) as Figures<Name>;
}

function cells<Name extends string>(figures: Figures<Name>, names: readonly Name[]): string[] {
  return names.map((name) => cell(figures[name]));
}

function cell(estimate: Estimate | undefined): string {
  if (estimate === undefined) return "–";
  const percent = (value: number) => (100 * value).toFixed(1);
  return `${percent(estimate.mean)} (${percent(estimate.low)}–${percent(estimate.high)})`;
}
