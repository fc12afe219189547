/**
 * The version of this build.
 *
 * @module
 */

import manifest from "../deno.json" with { type: "json" };

/** Semantic version, from `deno.json`. */
export const VERSION: string = manifest.version;
