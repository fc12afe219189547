/**
 * The OpenAPI document, the page that shows it, and the start page. Everything comes from this server: the pages work
 * without a network and under a policy that allows nothing from outside.
 *
 * @module
 */

import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Runtime } from "../operations/runtime.ts";
import type { HttpSettings } from "./app.ts";
import docsHtml from "./pages/docs.html" with { type: "text" };
import docsScript from "./pages/docs.js" with { type: "text" };
import icon from "./pages/icon.svg" with { type: "text" };
import homeHtml from "./pages/home.html" with { type: "text" };
import style from "./pages/style.css" with { type: "text" };

const PAGE_HEADERS = {
  "Cache-Control": "no-cache",
  "Content-Security-Policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; " +
    "form-action 'none'; frame-ancestors 'none'",
};

/** Pages by path: type and text. They hold no memories and need no key; the document they show does. */
const PAGES: Record<string, [type: string, text: string]> = {
  "/": ["text/html", homeHtml],
  "/docs": ["text/html", docsHtml],
  "/api/docs": ["text/html", docsHtml],
  "/docs/docs.js": ["text/javascript", docsScript],
  "/docs/style.css": ["text/css", style],
  "/docs/icon.svg": ["image/svg+xml", icon],
};

/** Paths of the pages. */
export const PUBLIC_PAGES: readonly string[] = Object.keys(PAGES);

/** Adds `/openapi.json` and the pages. */
export function addDocs(app: OpenAPIHono, runtime: Runtime, settings: HttpSettings): void {
  for (const [path, [type, text]] of Object.entries(PAGES)) {
    const headers = { ...PAGE_HEADERS, "Content-Type": `${type}; charset=utf-8` };
    app.get(path, () => new Response(text, { headers }));
  }
  app.openAPIRegistry.registerComponent("securitySchemes", "bearer", { type: "http", scheme: "bearer" });
  app.openAPIRegistry.registerComponent("securitySchemes", "apiKey", {
    type: "apiKey",
    in: "header",
    name: "X-API-Key",
  });
  let document: string | undefined;
  app.get("/openapi.json", () => {
    document ??= JSON.stringify(describeApi(app, runtime.version, settings.apiKey !== null));
    return new Response(document, { headers: { "Content-Type": "application/json", "Cache-Control": "no-cache" } });
  });
}

function describeApi(app: OpenAPIHono, version: string, needsKey: boolean): unknown {
  return app.getOpenAPI31Document({
    openapi: "3.1.0",
    info: {
      title: "Unimem",
      version,
      description: "Shared memory for AI agents: store what matters, find it by meaning and by words.",
      license: { name: "Apache-2.0", url: "https://www.apache.org/licenses/LICENSE-2.0" },
    },
    servers: [{ url: "/" }],
    security: needsKey ? [{ bearer: [] }, { apiKey: [] }] : [],
    tags: [
      { name: "memories", description: "Store, list, read, change and delete memories." },
      { name: "search", description: "Find memories." },
      { name: "tags", description: "The labels in use." },
      { name: "events", description: "What happens, as it happens." },
      { name: "health", description: "State of the service." },
    ],
  });
}
