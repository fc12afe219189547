/**
 * Loading what a page shows. What is on the screen stays there while newer data are on their way, and after a fault.
 *
 * @module
 */

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { comebacks } from "./api.ts";
import { space } from "./router.ts";

/** Answers kept for going back, so that a page has its height and its scroll position at once. */
const KEPT = 40;
const kept = new Map<string, unknown>();

/** Data on their way to a page. */
export interface Loaded<T> {
  data: T | undefined;
  error: Error | null;
  loading: boolean;
  /** Loads again; what is shown stays until the answer is there. */
  reload: () => void;
}

/**
 * Loads by a key: when the key changes, when the service is back, and on `reload`.
 *
 * @param key Tells apart what can be loaded; null loads nothing.
 * @param load Gives the data; parts of it that it hands to `show` before are shown where nothing else is.
 */
export function useData<T>(
  key: string | null,
  load: (signal: AbortSignal, show: (data: T) => void) => Promise<T>,
): Loaded<T> {
  const [, show] = useState(0);
  const [round, setRound] = useState(0);
  const state = useRef<
    { key: string | null; data: T | undefined; error: Error | null; loading: boolean; isPart: boolean }
  >({ key: null, data: undefined, error: null, loading: false, isPart: false });
  if (key !== null && space.value !== null) key = `${space.value}: ${key}`;
  const back = comebacks.value, current = state.current;
  if (current.key !== key) {
    const found = key === null ? undefined : kept.get(key) as T | undefined;
    // Without an answer under the new key the old one stays in sight until the new one is there.
    state.current = { key, data: found ?? current.data, error: null, loading: key !== null, isPart: false };
  }
  useEffect(() => {
    if (key === null) return;
    const aborting = new AbortController();
    const settle = (change: { data?: T; error: Error | null }, isPart = false) => {
      if (aborting.signal.aborted) return;
      state.current = { ...state.current, ...change, loading: isPart, isPart };
      show((n) => n + 1);
    };
    const showPart = (data: T) => {
      // A part doesn't take the place of a whole.
      if (state.current.data === undefined || state.current.isPart) settle({ data, error: null }, true);
    };
    state.current.loading = true;
    load(aborting.signal, showPart).then((data) => {
      keep(key, data);
      settle({ data, error: null });
    }, (error) => settle({ error }));
    return () => aborting.abort();
  }, [key, round, back]);
  const reload = useCallback(() => setRound((n) => n + 1), []);
  const { data, error, loading } = state.current;
  return { data, error, loading, reload };
}

function keep(key: string, data: unknown): void {
  kept.delete(key);
  kept.set(key, data);
  if (kept.size > KEPT) kept.delete(kept.keys().next().value!);
}
