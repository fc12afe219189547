/** Every operation over REST, MCP and the command line: none is missing on one of them without a reason. */

// First, since it prepares zod for OpenAPI before any schema is made.
import { openClient } from "../http/client.ts";
import { assert, assertEquals } from "@std/assert";
import type { Command } from "commander";
import { OPERATIONS } from "../../src/access/rights.ts";
import type { CliContext } from "../../src/cli/context.ts";
import { createProgram } from "../../src/cli/program.ts";
import { ROUTES } from "../../src/cli/routes.ts";
import { RPC_TOOLS } from "../../src/http/rpc_tools.ts";
import { TOOLS } from "../../src/tools/table.ts";

/** Where an operation is, or why not. */
interface Place {
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

const PLACES: Record<string, Place> = {
  health: { command: "doctor", tool: "check_database_health" },
  ready: { command: PROBE, tool: "- for load balancers" },
  detailedHealth: { command: "doctor", tool: "check_database_health" },
  getMemory: { command: "get", tool: "fetch" },
  shortenKeys: { command: "list", tool: "- answers name memories by short keys already" },
  listMemories: { command: "list", tool: "list_memories" },
  listConversations: { command: "- list --conversation and search --conversation narrow down", tool: PEOPLE },
  listTags: { command: "stats", tool: "- the resource tag://{tag} completes them" },
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
  listCandidates: { command: "- briefing shows them; an agent or the dashboard decides", tool: "memory_candidates" },
  resolveCandidate: { command: "- an agent or the dashboard decides", tool: "memory_candidates" },
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
  renameTag: { command: "- the dashboard shows how many it concerns first", tool: PEOPLE },
  deleteMemory: { command: ONE, tool: "delete_memory" },
  deleteMemories: { command: "delete", tool: "delete_memory" },
  bulkDelete: { command: "- the dashboard shows how many it concerns first", tool: "- no agent deletes by conditions" },
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
  createKey: { command: "keys create", tool: ADMIN },
  listKeys: { command: "keys list", tool: ADMIN },
  rotateKey: { command: "keys rotate", tool: ADMIN },
  revokeKey: { command: "keys revoke", tool: ADMIN },
  metrics: { command: "- for programs that scrape them", tool: ADMIN },
  maintain: { command: "optimize", tool: ADMIN },
  listGrants: { command: "grants list", tool: ADMIN },
  revokeGrant: { command: "grants revoke", tool: ADMIN },
  readAudit: { command: "audit", tool: ADMIN },
  recordedSearches: { command: PAGES, tool: ADMIN },
  eraseSearches: { command: PAGES, tool: ADMIN },
};

Deno.test("every operation has its command and its tool, or a reason why not", () => {
  assertEquals(Object.keys(PLACES).sort(), Object.keys(OPERATIONS).sort());
  const program = createProgram({ print: () => {} } as unknown as CliContext);
  const tools = [...new Set([...TOOLS, ...RPC_TOOLS].map(({ name }) => name))];
  const namesOf = (command: Command, at = ""): string[] =>
    command.commands.flatMap((sub) => [`${at}${sub.name()}`, ...namesOf(sub, `${at}${sub.name()} `)]);
  const commands = namesOf(program);
  for (const [name, { command, tool }] of Object.entries(PLACES)) {
    assert(command.startsWith("- ") ? command.length > 10 : commands.includes(command), `${name}: ${command}`);
    assert(tool.startsWith("- ") ? tool.length > 10 : tools.includes(tool), `${name}: ${tool}`);
  }
  const named = Object.values(PLACES).map(({ tool }) => tool);
  assertEquals(tools.filter((tool) => !named.includes(tool)), [], "tools that no operation is behind");
});

Deno.test("commands call the routes as the API's description has them", async () => {
  await using client = await openClient();
  const { json: api } = await client.get("/openapi.json");
  const described = new Map<string, { route: string; body: string[] }>();
  for (const [path, methods] of Object.entries(api.paths as Record<string, Record<string, Described>>)) {
    for (const [method, { operationId, requestBody }] of Object.entries(methods)) {
      const body = Object.keys(requestBody?.content ?? {});
      described.set(operationId, { route: `${method.toUpperCase()} ${path}`, body });
    }
  }
  for (const [name, { method, path, encoding }] of Object.entries(ROUTES)) {
    const type = { body: ["application/json"], form: ["multipart/form-data"], query: [] }[encoding];
    assertEquals(described.get(name), { route: `${method} ${path}`, body: type }, name);
  }
  assertEquals([...described.keys()].filter((name) => !Object.hasOwn(OPERATIONS, name)), []);
});

interface Described {
  operationId: string;
  requestBody?: { content: Record<string, unknown> };
}
