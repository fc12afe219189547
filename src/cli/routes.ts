/**
 * How a command reaches each operation over REST: the one table of methods, paths and encodings.
 *
 * @module
 */

/** A route as it is called. */
export interface Route {
  method: string;
  path: string;
  /** Where the input goes that isn't in the path. */
  encoding: "body" | "query" | "form";
}

/** Routes by operationId: method, path, and where the input goes; a query without a word where there is no body. */
const TABLE = {
  whoami: "GET /api/whoami",
  storeMemory: "POST /api/memories body",
  getMemory: "GET /api/memories/{content_hash}",
  listMemories: "GET /api/memories",
  updateMemory: "PUT /api/memories/{content_hash} body",
  shortenKeys: "POST /api/memories/short-keys body",
  deleteMemories: "DELETE /api/memories/batch body",
  tagMemories: "POST /api/memories/batch/tags body",
  search: "POST /api/search body",
  searchSimilar: "GET /api/search/similar/{content_hash}",
  listTags: "GET /api/tags",
  memoryTypes: "GET /api/analytics/memory-types",
  detailedHealth: "GET /api/health/detailed",
  renameTag: "PUT /api/manage/tags/{old_tag}",
  bulkDelete: "POST /api/manage/bulk-delete body",
  listConversations: "GET /api/conversations",
  listTrash: "GET /api/manage/trash",
  restoreMemories: "POST /api/manage/trash/restore body",
  emptyTrash: "DELETE /api/manage/trash",
  findDuplicates: "GET /api/manage/duplicates",
  mergeDuplicates: "POST /api/manage/duplicates/merge body",
  cleanUpDuplicates: "POST /api/manage/cleanup-duplicates",
  listRelations: "GET /api/memories/{content_hash}/relations",
  addRelation: "POST /api/memories/{content_hash}/relations body",
  removeRelation: "DELETE /api/memories/{content_hash}/relations",
  supersedeMemory: "POST /api/memories/{content_hash}/supersede body",
  reinstateMemory: "DELETE /api/memories/{content_hash}/supersede",
  listContradictions: "GET /api/contradictions",
  uploadDocuments: "POST /api/documents/batch-upload form",
  getUploadStatus: "GET /api/documents/status/{upload_id}",
  getUploadHistory: "GET /api/documents/history",
  removeDocument: "DELETE /api/documents/remove/{upload_id}",
  removeDocumentsByTags: "DELETE /api/documents/remove-by-tags body",
  searchDocumentContent: "GET /api/documents/search-content/{upload_id}",
  briefing: "GET /api/briefing",
  listCandidates: "GET /api/candidates",
  resolveCandidate: "POST /api/candidates/{id} body",
  createKey: "POST /api/keys body",
  listKeys: "GET /api/keys",
  rotateKey: "POST /api/keys/{id}/rotate body",
  revokeKey: "DELETE /api/keys/{id}",
  listSpaces: "GET /api/spaces",
  exportMemories: "GET /api/export",
  createSpace: "POST /api/spaces body",
  renameSpace: "PUT /api/spaces/{name} body",
  moveMemories: "POST /api/spaces/{name}/move body",
  mergeSpace: "POST /api/spaces/{name}/merge body",
  deleteSpace: "DELETE /api/spaces/{name}",
  listGrants: "GET /api/grants",
  revokeGrant: "DELETE /api/grants/{id}",
  readAudit: "GET /api/audit",
  maintain: "POST /api/manage/system/{operation}",
  streamEvents: "GET /api/events",
} as const;

/** An operation that commands call. */
export type Operation = keyof typeof TABLE;

export const ROUTES = Object.fromEntries(
  Object.entries(TABLE).map(([name, text]) => {
    const [method, path, encoding = "query"] = text.split(" ");
    return [name, { method, path, encoding } as Route];
  }),
) as Readonly<Record<Operation, Route>>;

/** An operation's input; a list where the body is one. */
export type Input = Readonly<Record<string, unknown>> | readonly unknown[];

/**
 * A request for an operation. Absent and null values are left out of a path's query, which knows only texts.
 *
 * @param input Names in braces stand in the path alone, where the body has a field of the same name.
 * @param base Address of the service, without a slash at its end.
 */
export function requestFor(base: string, operation: Operation, input: Input, headers: Headers): Request {
  const { method, path, encoding } = ROUTES[operation], rest: Record<string, unknown> = { ...input };
  const url = new URL(
    base + path.replace(/\{(\w+)\}/g, (inBraces, name: string) => {
      const field = Object.hasOwn(rest, inBraces) ? inBraces : name, value = String(rest[field]);
      delete rest[field];
      return encodeURIComponent(value);
    }),
  );
  if (encoding === "form") throw new TypeError(`${operation} takes a form`);
  if (encoding === "body") {
    headers.set("content-type", "application/json");
    return new Request(url, { method, headers, body: JSON.stringify(Array.isArray(input) ? input : rest) });
  }
  for (const [name, value] of Object.entries(rest)) {
    for (const each of Array.isArray(value) ? value : [value]) {
      if (each === undefined || each === null) continue;
      url.searchParams.append(name, typeof each === "object" ? JSON.stringify(each) : String(each));
    }
  }
  return new Request(url, { method, headers });
}
