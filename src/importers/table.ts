/**
 * The importers by the names that the command line gives them. Each is loaded when it is used.
 *
 * @module
 */

import type { Importer } from "./importer.ts";

/** Names and what each reads. */
export const IMPORTERS: Record<string, { reads: string; load: () => Promise<Importer> }> = {
  "python-sqlite": {
    reads: "the SQLite file of the Python mcp-memory-service",
    load: async () => (await import("./python_sqlite.ts")).readPythonSqlite,
  },
  "python-qdrant": {
    reads: "its Qdrant collection, by a URL such as http://localhost:6333/memories",
    load: async () => (await import("./python_qdrant.ts")).readPythonQdrant,
  },
  "mcp-reference": {
    reads: "the JSONL graph of the reference MCP memory server",
    load: async () => (await import("./reference_graph.ts")).readReferenceGraph,
  },
  "mem0": {
    reads: "a JSON export of mem0",
    load: async () => (await import("./mem0.ts")).readMem0,
  },
  "markdown": {
    reads: "a Markdown note, or all notes below a folder",
    load: async () => (await import("./markdown.ts")).readMarkdown,
  },
  "documents": {
    reads: "a document (PDF, DOCX, HTML, text, CSV, JSON, Markdown), or all below a folder",
    load: async () => (await import("./documents.ts")).readDocuments,
  },
};
