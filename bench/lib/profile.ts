/**
 * Where a request's time goes, as `tools/profile.ts` finds it, and how it is shown.
 *
 * @module
 */

import { short, table } from "./table.ts";

/** A part of a request. */
export interface Stage {
  what: string;
  /** Median milliseconds. */
  ms: number;
}

/** Stages of a search and of a store, the last of each being the whole. */
export interface Profile {
  search: Stage[];
  store: Stage[];
  /** Milliseconds to copy as many bytes as all vectors' 8-bit codes have. */
  codesCopyMs: number;
}

/** Floors that the profile is held against. */
export interface Floors {
  /** Milliseconds the model alone takes for a query and for a text, threads on all cores. */
  queryMs: number;
  textMs: number;
  /** Milliseconds of an HTTP exchange with next to no work. */
  exchangeMs: number;
}

/** The profile as Markdown. */
export function profileText(memories: number, { search, store, codesCopyMs }: Profile, floors: Floors): string {
  return [
    stageTable(`one search, ${memories} memories, new query`, search),
    "",
    stageTable("one store, short text", store),
    "",
    table(["floor", "ms"], [
      ["the model alone, one query, threads on all cores", short(floors.queryMs)],
      ["the model alone, one short text", short(floors.textMs)],
      [`copying as many bytes as the 8-bit codes of ${memories} vectors`, short(codesCopyMs)],
      ["an HTTP exchange with the service, GET /api/health", short(floors.exchangeMs)],
    ]),
  ].join("\n");
}

function stageTable(title: string, stages: Stage[]): string {
  const total = stages.at(-1)!.ms;
  return table(
    [title, "ms", "share"],
    stages.map(({ what, ms }) => [what, short(ms), `${Math.round(ms / total * 100)} %`]),
  );
}
