/**
 * Figures of the analytics routes.
 *
 * @module
 */

import { get } from "../api.ts";
import { type Loaded, useData } from "../data.ts";
import { revision } from "../store/changed.ts";

/** A report, loaded again when something changed. */
export function useReport<T>(path: string, query: Record<string, string | number> = {}): Loaded<T> {
  const key = `${path}?${new URLSearchParams(Object.entries(query).map(([k, v]) => [k, String(v)]))}#${revision.value}`;
  return useData(key, (abort) => get<T>(`/api/analytics/${path}`, query, abort));
}
