/**
 * The spaces of a call, by their numbers in this database.
 *
 * @module
 */

import type { Value } from "./database.ts";

/** Number of the space `default`. */
export const DEFAULT_NUMBER = 1;

/** Numbers of the spaces that a call reads, in order of preference; null for all. Spaces that aren't there are left out. */
export type Reach = readonly number[] | null;

/** The condition that a row is in reach, on a column with the space's number, and its parameters. */
export function within(column: string, reach: Reach): { sql: string; parameters: Value[] } {
  if (reach === null) return { sql: "TRUE", parameters: [] };
  if (reach.length === 1) return { sql: `${column} = ?`, parameters: [reach[0]!] };
  return { sql: `${column} IN (SELECT value FROM json_each(?))`, parameters: [JSON.stringify(reach)] };
}

/** Whether a row's space is in reach. */
export function reaches(reach: Reach, space: number): boolean {
  return reach === null || reach.includes(space);
}
