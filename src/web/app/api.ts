/**
 * Calls to the REST API, with the key when there is one. A call that is refused for its key asks for one and goes on.
 * A call that can't reach the service says so everywhere, by `away`.
 *
 * @module
 */

import { signal } from "@preact/signals";
import { space } from "./router.ts";
import { t } from "./text.ts";

const STORED_AS = "unimem-key";
/** Milliseconds between two looks whether the service is back. */
const RETRY_MS = 1500;

/** Whether the service can't be reached. */
export const away = signal(false);
/** Counts how often the service came back; what shows its data loads again when this grows. */
export const comebacks = signal(0);
/** Whether a key was given in this tab. */
export const hasKey = signal(sessionStorage.getItem(STORED_AS) !== null);

/** Asks the reader for the key: resolves with it, or null when the question was left. Set by the page. */
let askForKey: (wasWrong: boolean) => Promise<string | null> = () => Promise.resolve(null);
let asking: Promise<string | null> | null = null;
/** Whether the question was left: what runs in the background must not bring it up again and again. */
export const keyDeclined = signal(false);

/** A call that the service answered with an error. */
export class ApiError extends Error {
  constructor(message: string, readonly status: number, options?: ErrorOptions) {
    super(message, options);
  }
}

interface Call {
  query?: URLSearchParams | Record<string, string | number | boolean | null | undefined> | undefined;
  body?: unknown;
  signal?: AbortSignal | undefined;
}

/** Sets how the key is asked for. */
export function onKeyNeeded(ask: (wasWrong: boolean) => Promise<string | null>): void {
  askForKey = ask;
}

/** The JSON that a call answers. Throws `ApiError` with a message that can be shown. */
export async function call<T>(method: string, path: string, { query, body, signal }: Call = {}): Promise<T> {
  const parameters = query === undefined ? "" : String(queryOf(query)),
    url = parameters ? `${path}?${parameters}` : path;
  const response = await request(method, url, {
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
    body: body === undefined ? null : JSON.stringify(body),
    ...(signal ? { signal } : {}),
  });
  const answer = await response.json().catch(() => null);
  if (!response.ok) throw new ApiError(problemText(answer, response.status), response.status);
  return answer as T;
}

export const get = <T>(path: string, query?: Call["query"], signal?: AbortSignal): Promise<T> =>
  call<T>("GET", path, { query, signal });

function queryOf(query: NonNullable<Call["query"]>): URLSearchParams {
  if (query instanceof URLSearchParams) return query;
  const entries = Object.entries(query).filter(([, value]) => value !== null && value !== undefined);
  return new URLSearchParams(entries.map(([name, value]) => [name, String(value)]));
}

/** A response that isn't refused for its key. */
export async function request(method: string, path: string, init: RequestInit = {}): Promise<Response> {
  while (true) {
    const key = sessionStorage.getItem(STORED_AS);
    let response: Response;
    try {
      response = await fetch(path, { ...init, method, headers: { ...keyHeaders(), ...init.headers } });
    } catch (error) {
      if ((error as Error).name === "AbortError") throw error;
      lost();
      throw new ApiError(t("away.short"), 0, { cause: error });
    }
    if (response.status !== 401) return response;
    // Another call may have got a key meanwhile.
    if (sessionStorage.getItem(STORED_AS) !== key) continue;
    if (keyDeclined.value || !await newKey(key !== null)) {
      keyDeclined.value = true;
      throw new ApiError(t("key.missing"), 401);
    }
  }
}

/** The headers that carry the key and the space. A header holds bytes: those of the key's UTF-8, one character each. */
export function keyHeaders(): Record<string, string> {
  const key = sessionStorage.getItem(STORED_AS);
  return {
    ...key === null ? {} : { Authorization: `Bearer ${String.fromCharCode(...new TextEncoder().encode(key))}` },
    ...space.value === null ? {} : { "X-Unimem-Space": space.value },
  };
}

/** Asks for a key; true when one was given. Several calls at once ask once. */
export async function newKey(wasWrong = false): Promise<boolean> {
  keyDeclined.value = false;
  asking ??= askForKey(wasWrong).finally(() => asking = null);
  const key = await asking;
  if (key === null) return false;
  useNewKey(key);
  return true;
}

/** Uses a key from now on, in this tab. */
export function useNewKey(key: string): void {
  sessionStorage.setItem(STORED_AS, key);
  hasKey.value = true;
  keyDeclined.value = false;
}

/** Forgets the key of this tab. */
export function forgetKey(): void {
  sessionStorage.removeItem(STORED_AS);
  hasKey.value = false;
}

/** What went wrong in words, from any of the API's error shapes. */
export function problemText(answer: unknown, status: number): string {
  const detail = (answer as { detail?: unknown } | null)?.detail;
  if (typeof detail === "string") return detail;
  if (Array.isArray(detail)) {
    return detail.map(({ loc, msg }: { loc: string[]; msg: string }) => `${loc.slice(1).join(".")}: ${msg}`).join("; ");
  }
  const described = (detail as { error_description?: string } | undefined)?.error_description;
  return described ?? t("error.status", { status });
}

/** Says that the service is away, and looks for it until it is back. */
export function lost(): void {
  if (away.value) return;
  away.value = true;
  const look = async () => {
    try {
      const response = await fetch("/api/health/ready", { cache: "no-store" });
      if (response.status < 500) {
        away.value = false;
        comebacks.value++;
        return;
      }
    } catch {
      // Still away.
    }
    setTimeout(look, RETRY_MS);
  };
  setTimeout(look, RETRY_MS);
}
