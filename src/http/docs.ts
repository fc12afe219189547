/**
 * The OpenAPI document; `pages.ts` has the page that shows it.
 *
 * @module
 */

import type { Runtime } from "../operations/runtime.ts";
import type { HttpSettings, RestApp } from "./endpoint.ts";
import { TAGS } from "./sections.ts";

/** Adds `/openapi.json`. */
export function addDocs(app: RestApp, runtime: Runtime, settings: HttpSettings): void {
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

function describeApi(app: RestApp, version: string, needsKey: boolean): unknown {
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
    tags: [...TAGS],
  });
}
