/**
 * The pages: the dashboard, which documents the API too. Everything comes from this server: the pages work without a
 * network and under a policy that allows nothing from outside.
 *
 * @module
 */

import { DASHBOARD } from "../web/files.ts";
import type { RestApp } from "./endpoint.ts";
import icon from "./pages/icon.svg" with { type: "text" };

const PAGE_HEADERS = {
  "Cache-Control": "no-cache",
  // The last two directives forbid scripts to turn text into HTML, which is how a memory's text could become code.
  "Content-Security-Policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; " +
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
};

/** Pages by path: type and text. They hold no memories and need no key; what they ask for does. */
const PAGES: Record<string, [type: string, text: string]> = {
  ...DASHBOARD,
  "/docs/icon.svg": ["image/svg+xml", icon],
};

/** Paths of the pages. */
export const PUBLIC_PAGES: readonly string[] = Object.keys(PAGES);

/** Adds the pages. */
export function addPages(app: RestApp): void {
  for (const [path, [type, text]] of Object.entries(PAGES)) {
    const headers = { ...PAGE_HEADERS, "Content-Type": `${type}; charset=utf-8` };
    app.get(path, () => new Response(text, { headers }));
  }
}
