/**
 * The sections of the API's documentation; every route is in one.
 *
 * @module
 */

export const TAGS = [
  { name: "memories", description: "Store, list, read, change and delete memories." },
  { name: "search", description: "Find memories." },
  { name: "tags", description: "The labels in use." },
  { name: "documents", description: "Take documents in, and follow or undo that." },
  { name: "manage", description: "Clean up: many memories at once, duplicates, tags, the trash." },
  { name: "analytics", description: "Figures about what is stored and what is asked." },
  { name: "events", description: "What happens, as it happens." },
  { name: "access", description: "Who may call, and what they may do." },
  { name: "health", description: "State of the service." },
  { name: "mcp", description: "MCP as plain JSON-RPC, for clients that call it on this port." },
] as const;
