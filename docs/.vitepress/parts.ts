/**
 * Which page stands in which part of the site, in order. Titles come from the pages themselves; the pages of the REST
 * reference, one for each resource, are found in their folder.
 *
 * @module
 */

/** Pages by their file's name in `docs/`, without `.md`. */
export const PARTS = {
  Start: ["start", "install", "automatic", "dashboard"],
  Guides: [
    "clients",
    "libraries",
    "importing",
    "events",
    "access",
    "oauth",
    "containers",
    "qdrant",
    "embeddings",
    "backup",
    "moving",
    "health",
    "audit",
    "drivers",
    "troubleshooting",
  ],
  Reference: ["rest", "mcp", "cli", "operations", "settings", "monitoring", "compatibility"],
  Explanations: ["search", "stored", "time", "security", "scaling"],
} as const;
