/**
 * The dashboard's files as they are served. The script and the styles are bundled by `deno task web` from the modules in
 * `app/` and `style/`, and committed: nothing is built or fetched where the service runs.
 *
 * @module
 */

import script from "./bundle/app.js" with { type: "text" };
import style from "./bundle/app.css" with { type: "text" };
import index from "./index.html" with { type: "text" };
import { API_ALIAS, PAGE_PATHS } from "./paths.ts";

/** Files by path: type and text. */
export const DASHBOARD: Record<string, [type: string, text: string]> = {
  ...Object.fromEntries([...PAGE_PATHS, API_ALIAS].map((path) => [path, ["text/html", index]] as const)),
  "/web/app.js": ["text/javascript", script],
  "/web/app.css": ["text/css", style],
};
