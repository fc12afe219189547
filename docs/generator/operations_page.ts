/**
 * The page of all operations and the ways to each: REST, MCP and the command line.
 *
 * @module
 */

import { apiDocument } from "./rest_page.ts";
import { cell } from "./markdown.ts";

/** Where an operation is, or why not. */
export interface Place {
  /** A command, or after a dash the reason why there is none. */
  command: string;
  /** A tool, or after a dash the reason why there is none. */
  tool: string;
}

const PEOPLE = "- for people, not for agents",
  ADMIN = "- no agent administers the service",
  PAGES = "- the dashboard's figures; stats and events tell a terminal what it needs",
  ONE = "- the command takes one or many, by the operation for many",
  CLIENTS = "- for clients of the Python service, which has nothing to synchronise here either",
  PROBE = "- doctor looks at the service from outside";

/** Each operation of the REST API, by its operationId. */
export const PLACES: Record<string, Place> = {
  health: { command: "doctor", tool: "check_database_health" },
  ready: { command: PROBE, tool: "- for load balancers" },
  detailedHealth: { command: "doctor", tool: "check_database_health" },
  getMemory: { command: "get", tool: "fetch" },
  shortenKeys: { command: "list", tool: "- answers name memories by short keys already" },
  listMemories: { command: "list", tool: "list_memories" },
  listConversations: { command: "conversations", tool: PEOPLE },
  listConversationFacts: { command: "- relations of a turn list what cites it", tool: PEOPLE },
  listTags: { command: "tags list", tool: "- the resource tag://{tag} completes them" },
  suggestTags: { command: "- a shell completes from what it has, without a service", tool: "- completion/complete" },
  tagStats: { command: "stats", tool: PEOPLE },
  listTrash: { command: "trash list", tool: PEOPLE },
  listRelations: { command: "relations list", tool: "relation" },
  listContradictions: { command: "review", tool: "memory_contradictions" },
  search: { command: "search", tool: "search" },
  searchByTag: { command: "list", tool: "search_by_tag" },
  searchByTime: { command: "search", tool: "recall_memory" },
  searchSimilar: { command: "similar", tool: "retrieve_memory" },
  findDuplicates: { command: "duplicates", tool: "find_duplicates" },
  getUploadStatus: { command: "documents add", tool: PEOPLE },
  getUploadHistory: { command: "documents list", tool: PEOPLE },
  searchDocumentContent: { command: "- search --tag upload_id:ID finds within a document", tool: "search_by_tag" },
  streamEvents: { command: "events", tool: "- resources/subscribe" },
  eventStats: { command: PAGES, tool: PEOPLE },
  analyticsOverview: { command: "stats", tool: PEOPLE },
  memoryGrowth: { command: PAGES, tool: PEOPLE },
  memoryWriters: { command: PAGES, tool: PEOPLE },
  memoryTypes: { command: "stats", tool: PEOPLE },
  tagUsage: { command: "stats", tool: PEOPLE },
  topTags: { command: "stats", tool: PEOPLE },
  activityHeatmap: { command: PAGES, tool: PEOPLE },
  activityBreakdown: { command: PAGES, tool: PEOPLE },
  storageStats: { command: "stats", tool: PEOPLE },
  searchAnalytics: { command: PAGES, tool: PEOPLE },
  performanceMetrics: { command: PAGES, tool: PEOPLE },
  accessPatterns: { command: PAGES, tool: PEOPLE },
  auditTrail: { command: "audit", tool: PEOPLE },
  memoryMap: { command: PAGES, tool: PEOPLE },
  initialSync: { command: CLIENTS, tool: CLIENTS },
  syncStatus: { command: CLIENTS, tool: CLIENTS },
  forceSync: { command: CLIENTS, tool: CLIENTS },
  whoami: { command: "login", tool: PEOPLE },
  rpc: { command: "connect", tool: "- it is MCP" },
  rpcTools: { command: "connect", tool: "- it is MCP" },
  rpcHealth: { command: "doctor", tool: "- it is MCP" },
  briefing: { command: "briefing", tool: "- the prompt and the hooks give it" },
  listCandidates: { command: "candidates list", tool: "memory_candidates" },
  resolveCandidate: { command: "candidates keep", tool: "memory_candidates" },
  listSpaces: { command: "spaces list", tool: ADMIN },
  createSpace: { command: "spaces create", tool: ADMIN },
  renameSpace: { command: "spaces rename", tool: ADMIN },
  moveMemories: { command: "spaces move", tool: ADMIN },
  mergeSpace: { command: "spaces merge", tool: ADMIN },
  deleteSpace: { command: "spaces delete", tool: ADMIN },
  storeMemory: { command: "store", tool: "store_memory" },
  storeMemories: { command: "import", tool: "store_memory" },
  updateMemory: { command: "tag", tool: "update_memory" },
  updateMemories: { command: "tag", tool: "update_memory" },
  tagMemories: { command: "tag", tool: "update_memory" },
  renameTag: { command: "tags rename", tool: PEOPLE },
  deleteMemory: { command: ONE, tool: "delete_memory" },
  deleteMemories: { command: "delete", tool: "delete_memory" },
  bulkDelete: { command: "delete", tool: "- no agent deletes by conditions" },
  restoreMemories: { command: "trash restore", tool: PEOPLE },
  emptyTrash: { command: "trash empty", tool: "- no agent deletes for good what others may want back" },
  addRelation: { command: "relations add", tool: "relation" },
  removeRelation: { command: "relations remove", tool: "relation" },
  supersedeMemory: { command: "supersede", tool: "memory_supersede" },
  reinstateMemory: { command: "supersede", tool: PEOPLE },
  mergeDuplicates: { command: "merge", tool: "merge_duplicates" },
  cleanUpDuplicates: { command: "merge", tool: "- an agent merges what it has seen" },
  uploadDocument: { command: ONE, tool: "- agents store texts" },
  uploadDocuments: { command: "documents add", tool: "- agents store texts" },
  removeDocument: { command: "documents remove", tool: PEOPLE },
  removeDocumentsByTags: { command: "documents remove", tool: PEOPLE },
  exportMemories: { command: "export", tool: ADMIN },
  importMemories: { command: "import", tool: ADMIN },
  importFiles: { command: "import", tool: ADMIN },
  listBackups: { command: "backup list", tool: ADMIN },
  makeBackup: { command: "backup", tool: ADMIN },
  verifyBackup: { command: "backup verify", tool: ADMIN },
  downloadBackup: { command: "- backups are files of this machine already", tool: ADMIN },
  createKey: { command: "keys create", tool: ADMIN },
  listKeys: { command: "keys list", tool: ADMIN },
  rotateKey: { command: "keys rotate", tool: ADMIN },
  revokeKey: { command: "keys revoke", tool: ADMIN },
  metrics: { command: "- for programs that scrape them", tool: ADMIN },
  maintain: { command: "optimize", tool: ADMIN },
  listGrants: { command: "grants list", tool: ADMIN },
  revokeGrant: { command: "grants revoke", tool: ADMIN },
  readLogs: { command: "- the log goes to standard error", tool: ADMIN },
  readAudit: { command: "audit", tool: ADMIN },
  recordedSearches: { command: PAGES, tool: ADMIN },
  eraseSearches: { command: PAGES, tool: ADMIN },
};

/** The page, in Markdown. */
export async function operationsPage(): Promise<string> {
  const { paths } = await apiDocument(), rows: string[] = [];
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, { operationId }] of Object.entries(methods)) {
      const { command, tool } = PLACES[operationId]!;
      rows.push(
        `| \`${operationId}\` | \`${method.toUpperCase()} ${path}\` | ${way(tool)} | ${way(command, "unimem ")} |`,
      );
    }
  }
  return `# Operations

<!-- Generated by \`deno task docs\` from docs/generator/operations_page.ts. -->

What can be done, and how: by [REST](rest.md), by an [MCP tool](mcp.md), and on the [command line](cli.md). Client
libraries that are made from the API's description call each operation by its name. Where a way is missing, the table says
why.

| operation | REST | MCP | command line |
| --- | --- | --- | --- |
${rows.join("\n")}

Some commands have no operation behind them, because they work on this machine's files, processes or clients:
\`restore\`, \`copy\`, \`upgrade\`, \`model\`, \`reembed\`, \`outbox\`, \`config\`, \`service\`, \`hook\`, \`project\`,
\`connect\`, \`demo\`, \`completion\`, \`version\` and the servers. \`export\` and \`import\` read and write the store
themselves, so that they can go on where they stopped; over REST the two are one request.
`;
}

function way(name: string, before = ""): string {
  return name.startsWith("- ") ? cell(name.slice(2)) : `\`${before}${name}\``;
}
