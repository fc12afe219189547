/**
 * The one table of what each route, tool, resource, prompt and event needs. `docs/access.md` lists it.
 *
 * @module
 */

import { type Caller, includes, type Right } from "./caller.ts";

/**
 * A right, in the spaces of the request. `everywhere`: in all spaces, since it shows or changes the whole store.
 * `public`: no key.
 */
export type Need = "public" | Right | "read everywhere" | "admin everywhere";

const ORDER: readonly Need[] = ["public", "read", "write", "read everywhere", "admin", "admin everywhere"];

/** REST routes by operationId. Pages and the API's description, which have none, need what `PAGES` says. */
export const OPERATIONS: Readonly<Record<string, Need>> = {
  health: "public",
  ready: "public",

  getMemory: "read",
  shortenKeys: "read",
  listMemories: "read",
  listConversations: "read",
  listConversationFacts: "read",
  memoryMap: "read",
  listTags: "read",
  suggestTags: "read",
  tagStats: "read",
  listTrash: "read",
  listRelations: "read",
  listContradictions: "read",
  listCandidates: "read",
  briefing: "read",
  search: "read",
  searchByTag: "read",
  searchByTime: "read",
  searchSimilar: "read",
  findDuplicates: "read",
  getUploadStatus: "read",
  getUploadHistory: "read",
  searchDocumentContent: "read",
  streamEvents: "read",
  eventStats: "read",
  analyticsOverview: "read",
  memoryGrowth: "read",
  memoryTypes: "read",
  memoryWriters: "read",
  tagUsage: "read",
  topTags: "read",
  activityHeatmap: "read",
  activityBreakdown: "read",
  storageStats: "read",
  searchAnalytics: "read",
  performanceMetrics: "read",
  accessPatterns: "read",
  auditTrail: "read",
  detailedHealth: "read",
  initialSync: "read",
  syncStatus: "read",
  forceSync: "read",
  whoami: "read",
  rpc: "read",
  rpcTools: "read",
  rpcHealth: "read",

  storeMemory: "write",
  storeMemories: "write",
  updateMemory: "write",
  updateMemories: "write",
  tagMemories: "write",
  renameTag: "write",
  deleteMemory: "write",
  deleteMemories: "write",
  bulkDelete: "write",
  restoreMemories: "write",
  emptyTrash: "write",
  addRelation: "write",
  removeRelation: "write",
  supersedeMemory: "write",
  reinstateMemory: "write",
  resolveCandidate: "write",
  mergeDuplicates: "write",
  cleanUpDuplicates: "write",
  uploadDocument: "write",
  uploadDocuments: "write",
  removeDocument: "write",
  removeDocumentsByTags: "write",

  exportMemories: "admin",
  importMemories: "admin",
  importFiles: "admin",

  listSpaces: "admin everywhere",
  createSpace: "admin everywhere",
  renameSpace: "admin everywhere",
  moveMemories: "admin everywhere",
  mergeSpace: "admin everywhere",
  deleteSpace: "admin everywhere",
  createKey: "admin everywhere",
  listKeys: "admin everywhere",
  rotateKey: "admin everywhere",
  revokeKey: "admin everywhere",

  listBackups: "admin everywhere",
  makeBackup: "admin everywhere",
  verifyBackup: "admin everywhere",
  downloadBackup: "admin everywhere",

  metrics: "read everywhere",
  maintain: "admin everywhere",
  listGrants: "admin everywhere",
  revokeGrant: "admin everywhere",
  readAudit: "admin everywhere",
  readLogs: "admin everywhere",
  recordedSearches: "admin everywhere",
  eraseSearches: "admin everywhere",
};

/** What answers that no operationId names need, such as the API's description. */
export const PAGES: Need = "read";

/** MCP tools by name, on every transport and on `POST /mcp` of the REST port. */
export const TOOLS: Readonly<Record<string, Need | ((args: Readonly<Record<string, unknown>>) => Need)>> = {
  search: "read",
  fetch: "read",
  retrieve_memory: "read",
  recall_memory: "read",
  search_by_tag: "read",
  list_memories: "read",
  memory_contradictions: "read",
  find_duplicates: "read",
  check_database_health: "read",
  relation: ({ action }) => action === "list" || action === "get" ? "read" : "write",
  memory_candidates: ({ action = "list" }) => action === "list" ? "read" : "write",

  store_memory: "write",
  update_memory: "write",
  delete_memory: "write",
  memory_supersede: "write",
  merge_duplicates: "write",
};

/** What MCP has besides tools, by method. */
export const METHODS: Readonly<Record<string, Need>> = {
  "resources/list": "read",
  "resources/templates/list": "read",
  "resources/read": "read",
  "resources/subscribe": "read",
  "resources/unsubscribe": "read",
  "prompts/list": "read",
  "completion/complete": "read",
};

/** MCP prompts by name. */
export const PROMPTS: Readonly<Record<string, Need>> = { recall: "read", briefing: "read", summarise: "read" };

/** MCP resources by the template of their address. */
export const RESOURCES: Readonly<Record<string, Need>> = {
  "memory://{content_hash}": "read",
  "tag://{tag}": "read",
  "memory://recent": "read",
  "unimem://briefing": "read",
};

/** Events by type. Of a search only the caller who made it learns. */
export const EVENTS: Readonly<Record<string, Need>> = {
  memory_stored: "read",
  memory_updated: "read",
  memory_deleted: "read",
  memories_changed: "read",
  search_completed: "read",
  upload_progress: "read",
  reembedding_progress: "read everywhere",
};

/** What a call of a tool needs. What isn't in the table needs everything. */
export function needOfTool(name: string, args: Readonly<Record<string, unknown>> = {}): Need {
  const need = Object.hasOwn(TOOLS, name) ? TOOLS[name]! : "admin everywhere";
  return typeof need === "function" ? need(args) : need;
}

/** The most that a JSON-RPC message, or a list of them, needs. A tool that isn't there needs no more: it does nothing. */
export function needOfMessages(body: unknown): Need {
  let most: Need = "read";
  for (const message of Array.isArray(body) ? body : [body]) {
    if (message?.method !== "tools/call") continue;
    const { name, arguments: args } = message.params ?? {};
    if (typeof name !== "string" || !Object.hasOwn(TOOLS, name)) continue;
    const need = needOfTool(name, typeof args === "object" && args !== null ? args : {});
    if (ORDER.indexOf(need) > ORDER.indexOf(most)) most = need;
  }
  return most;
}

/** What a tool needs to be of any use: the least of its calls. */
export function leastNeedOfTool(name: string): Need {
  const need = Object.hasOwn(TOOLS, name) ? TOOLS[name]! : "admin everywhere";
  return typeof need === "function" ? "read" : need;
}

/** What a route needs; see `needOfTool`. */
export function needOfOperation(operationId: string): Need {
  return Object.hasOwn(OPERATIONS, operationId) ? OPERATIONS[operationId]! : "admin everywhere";
}

/** What an event needs; see `needOfTool`. */
export function needOfEvent(type: string): Need {
  return Object.hasOwn(EVENTS, type) ? EVENTS[type]! : "admin everywhere";
}

/** Whether a caller may do what needs this. */
export function may(caller: Caller, need: Need): boolean {
  if (need === "public") return true;
  const right = rightOf(need);
  if (need === right) return includes(caller.rights, right);
  const spaces = right === "read" ? caller.spaces : caller.writes;
  return spaces === "all" && includes(caller.rights, right);
}

/** Whether what needs this changes memories: in the space that the caller writes to, and in no other. */
export function changes(need: Need): boolean {
  return need === "write";
}

/** Whether a route changes memories; see `changes`. */
export function operationChanges(operationId: string): boolean {
  return operationId === "importMemories" || operationId === "importFiles" || changes(needOfOperation(operationId));
}

/** The right in a need. */
export function rightOf(need: Exclude<Need, "public">): Right {
  return need.split(" ")[0] as Right;
}
