/**
 * Variables that look like settings and have no effect: those of the Python service that Unimem doesn't support, and
 * misspelt names.
 *
 * @module
 */

import { editDistance } from "../memory/edit_distance.ts";

/** Settings of the Python service that have no counterpart here. A text ending in `_` stands for all that begin so. */
const UNSUPPORTED = [
  ...["CLOUDFLARE_", "LLAMAPARSE_API_KEY", "MCP_ASSOCIATION_", "MCP_ASSOCIATIONS_", "MCP_CLOUDFLARE_"],
  ...["MCP_CLUSTERING_", "MCP_COMPRESSION_", "MCP_CONSOLIDATION_", "MCP_DECAY_ENABLED", "MCP_FORGETTING_"],
  ...["MCP_HYBRID_", "MCP_MDNS_", "MCP_MEMORY_EXPOSE_DEBUG_TOOLS", "MCP_MEMORY_HTTP_AUTO_START", "MCP_MEMORY_USE_ONNX"],
  ...["MCP_OAUTH_PRIVATE_KEY", "MCP_OAUTH_PUBLIC_KEY", "MCP_OAUTH_SECRET_KEY", "MCP_QDRANT_STORAGE_PATH"],
  ...["MCP_RETENTION_", "MCP_SCHEDULE_", "MCP_STANDALONE_MODE", "SENTENCE_TRANSFORMERS_HOME"],
];
/** Edits up to which a name counts as misspelt: fewer where it is so short that other programs' names are near. */
const NEAR = 2, NEAR_SHORT = 1, SHORT = 10, TOO_SHORT = 7;

/** Whether a variable, in capitals, is a setting of the Python service without effect here. */
export function isUnsupported(name: string): boolean {
  return UNSUPPORTED.some((known) => known.endsWith("_") ? name.startsWith(known) : name === known);
}

/** Whether a variable, in capitals, asks for OAuth in the Python service, which guards the store there. */
export function isOAuth(name: string): boolean {
  return name.startsWith("MCP_OAUTH_");
}

/** Variables that are set, aren't settings, and are one or two keystrokes from one: the name, and the one meant. */
export function misspelt(names: Iterable<string>, known: readonly string[]): [string, string][] {
  const settings = new Set(known), found: [string, string][] = [];
  for (const name of names) {
    const upper = name.toUpperCase();
    if (upper.length < TOO_SHORT || settings.has(upper) || isUnsupported(upper)) continue;
    const most = upper.length < SHORT ? NEAR_SHORT : NEAR;
    let nearest: string | undefined, least = most + 1;
    for (const other of known) {
      if (!canBeNear(upper, other)) continue;
      const edits = editDistance(upper, other);
      if (edits < least) [nearest, least] = [other, edits];
    }
    if (nearest !== undefined) found.push([name, nearest]);
  }
  return found;
}

/** Two edits leave one of three parts of a name whole, so that most pairs need no comparison letter by letter. */
function canBeNear(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > NEAR) return false;
  const third = Math.ceil(b.length / 3);
  return a.includes(b.slice(0, third)) || a.includes(b.slice(third, 2 * third)) || a.includes(b.slice(2 * third));
}
