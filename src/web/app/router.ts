/**
 * Where the reader is: the page and everything on it that can be linked to is in the URL, so that reload, back and a
 * shared link show the same.
 *
 * @module
 */

import { computed, signal } from "@preact/signals";
import { API_ALIAS } from "../paths.ts";

/** A place in the dashboard. */
export interface Place {
  path: string;
  params: URLSearchParams;
}

/** Values of a query; null and empty ones are left out. */
export type Params = Record<string, string | number | readonly string[] | null | undefined | false>;

/** The parameter that goes along from page to page. */
const SPACE = "space";
/** How long after going back the page may take to reach the height it had, in milliseconds. */
const SCROLL_PATIENCE_MS = 4000;

export const place = signal<Place>(readPlace());
/** The space that the page works in, from the address; null for the one the key begins with. */
export const space = computed(() => place.value.params.get(SPACE));

function readPlace(): Place {
  const path = location.pathname.replace(/\/$/, "") || "/";
  return { path: path === API_ALIAS ? "/docs" : path, params: new URLSearchParams(location.search) };
}

/** The address of a place. */
export function hrefOf(path: string, params: Params = {}): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value === null || value === undefined || value === false || value === "") continue;
    for (const item of Array.isArray(value) ? value : [value]) query.append(name, String(item));
  }
  return query.size === 0 ? path : `${path}?${query}`;
}

/** Goes to an address of the dashboard. `replace` leaves no way back to where the reader was. */
export function go(href: string, { replace = false }: { replace?: boolean } = {}): void {
  rememberScroll();
  href = withSpace(href);
  const key = crypto.randomUUID();
  if (replace) history.replaceState({ key: keyOf() }, "", href);
  else history.pushState({ key }, "", href);
  const before = place.value.path;
  place.value = readPlace();
  if (replace) return;
  scrollTo(0, 0);
  if (before !== place.value.path) focusMain();
}

/** The address with the space of this page, unless it names one. */
function withSpace(href: string): string {
  const chosen = place.value.params.get(SPACE), url = new URL(href, location.href);
  if (chosen === null || url.searchParams.has(SPACE)) return href;
  url.searchParams.set(SPACE, chosen);
  return url.pathname + url.search;
}

/** Works in another space from now on; null for the one the key begins with. */
export function chooseSpace(name: string | null): void {
  const params = new URLSearchParams();
  if (name !== null) params.set(SPACE, name);
  const href = name === null ? place.value.path : `${place.value.path}?${params}`;
  history.pushState({ key: crypto.randomUUID() }, "", href);
  place.value = readPlace();
}

/** The address of this page with some parameters changed; the page number goes unless it is one of them. */
export function hrefWith(changes: Params): string {
  const { path, params } = place.value;
  const all: Record<string, string[]> = {};
  for (const name of new Set(params.keys())) if (name !== "page") all[name] = params.getAll(name);
  return hrefOf(path, { ...all, ...changes });
}

/** Follows clicks on links of the dashboard, back and forward. Call once. */
export function startRouter(isPage: (path: string) => boolean): void {
  history.scrollRestoration = "manual";
  if (history.state?.key === undefined) history.replaceState({ key: crypto.randomUUID() }, "");
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
    const link = (event.target as Element).closest?.("a");
    if (!link || link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
    if (!isPage(link.pathname) || link.hash !== "") return;
    event.preventDefault();
    go(link.pathname + link.search);
  });
  addEventListener("popstate", () => {
    place.value = readPlace();
    restoreScroll();
  });
  addEventListener("pagehide", rememberScroll);
  restoreScroll();
}

function focusMain(): void {
  document.querySelector("main")?.focus({ preventScroll: true });
}

const keyOf = (): string => history.state?.key ?? "";

function rememberScroll(): void {
  sessionStorage.setItem(`unimem-scroll-${keyOf()}`, String(Math.round(scrollY)));
}

/** Scrolls to where the reader was, as soon as the page is that high again. */
function restoreScroll(): void {
  const wanted = Number(sessionStorage.getItem(`unimem-scroll-${keyOf()}`) ?? 0);
  if (wanted === 0) return;
  const end = performance.now() + SCROLL_PATIENCE_MS, key = keyOf();
  const tryNow = () => {
    if (keyOf() !== key) return;
    if (document.documentElement.scrollHeight - innerHeight >= wanted || performance.now() > end) scrollTo(0, wanted);
    else requestAnimationFrame(tryNow);
  };
  requestAnimationFrame(tryNow);
}
