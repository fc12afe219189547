/**
 * The importers by the names that the command line gives them. Each is loaded when it is used.
 *
 * @module
 */

import type { Importer } from "./importer.ts";

/** A program's data. */
interface Source {
  /** What is read. */
  reads: string;
  /** Fields that name an entry's owner; none where it knows no owners. */
  owners?: readonly string[];
  load: () => Promise<Importer>;
}

/** The field that names owners in data of the Python service: its stores, from version 12 on. */
const STORE = ["store"];

export const IMPORTERS: Record<string, Source> = {
  "python-sqlite": {
    reads: "the SQLite file of the Python mcp-memory-service",
    owners: STORE,
    load: async () => (await import("./python_sqlite.ts")).readPythonSqlite,
  },
  "python-json": {
    reads: "a JSON export of the Python mcp-memory-service",
    owners: STORE,
    load: async () => (await import("./python_json.ts")).readPythonJson,
  },
  "python-qdrant": {
    reads: "its Qdrant collection, by a URL such as http://localhost:6333/memories",
    owners: STORE,
    load: async () => (await import("./python_qdrant.ts")).readPythonQdrant,
  },
  "mcp-reference": {
    reads: "the JSONL graph of the reference MCP memory server",
    load: async () => (await import("./reference_graph.ts")).readReferenceGraph,
  },
  "mem0": {
    reads: "a JSON export of mem0",
    owners: ["user_id", "agent_id", "app_id", "app_name", "run_id"],
    load: async () => (await import("./mem0.ts")).readMem0,
  },
  "markdown": {
    reads: "a Markdown note, or all notes below a folder",
    load: async () => (await import("./markdown.ts")).readMarkdown,
  },
  "basic-memory": {
    reads: "the folder of basic-memory, or its config.json, with observations and relations",
    owners: ["project"],
    load: async () => (await import("./basic_memory.ts")).readBasicMemory,
  },
  "chatgpt": {
    reads: "the conversations.json of a ChatGPT export",
    load: async () => (await import("./chatgpt.ts")).readChatGpt,
  },
  "claude": {
    reads: "the conversations.json of a Claude export",
    load: async () => (await import("./claude.ts")).readClaude,
  },
  "claude-code": {
    reads: "transcripts of Claude Code: ~/.claude/projects, or one file of it",
    load: async () => (await import("./transcripts.ts")).readClaudeCode,
  },
  "codex": {
    reads: "transcripts of Codex CLI: ~/.codex/sessions, or one file of it",
    load: async () => (await import("./transcripts.ts")).readCodex,
  },
  "gemini-cli": {
    reads: "transcripts of Gemini CLI: ~/.gemini/tmp, or one .jsonl file of it",
    load: async () => (await import("./transcripts.ts")).readGeminiCli,
  },
  "cursor": {
    reads: "transcripts of Cursor: ~/.cursor/projects, or one .jsonl file of it",
    load: async () => (await import("./transcripts.ts")).readCursor,
  },
  "copilot-cli": {
    reads: "transcripts of Copilot CLI: ~/.copilot/session-state, or one events.jsonl of it",
    load: async () => (await import("./transcripts.ts")).readCopilotCli,
  },
  "documents": {
    reads: "a document (PDF, DOCX, HTML, text, CSV, JSON, Markdown), or all below a folder",
    load: async () => (await import("./documents.ts")).readDocuments,
  },
};
