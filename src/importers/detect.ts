/**
 * Finds out whose data a file or folder is, by its first bytes and names.
 *
 * @module
 */

import { join } from "node:path";

/** Bytes of a file that are looked at. */
const SAMPLE = 64 * 1024;
/** Files of a folder that are looked at. */
const FILES = 200;

const utf8 = new TextDecoder();

/**
 * The importer's name, `unimem` for an export of ours, or null where nothing fits.
 *
 * @param path A file or folder that exists, or a URL.
 */
export async function detectKind(path: string): Promise<string | null> {
  if (/^https?:\/\//i.test(path)) return "python-qdrant";
  const { isDirectory } = await Deno.stat(path);
  return isDirectory ? await kindOfFolder(path) : await kindOfFile(path);
}

async function kindOfFile(path: string): Promise<string | null> {
  const bytes = await beginning(path);
  if (utf8.decode(bytes.subarray(0, 15)) === "SQLite format 3") return "python-sqlite";
  if (/\.(md|markdown)$/i.test(path)) return isBasicMemory(utf8.decode(bytes)) ? "basic-memory" : "markdown";
  const text = utf8.decode(bytes).replace(/^\ufeff/, "").trimStart();
  if (text.startsWith("{")) {
    const kind = kindOfLines(text);
    if (kind !== null) return kind;
  }
  if (text.startsWith("{") || text.startsWith("[")) {
    if (text.includes('"export_metadata"')) return "python-json";
    if (text.includes('"mapping"')) return "chatgpt";
    if (text.includes('"chat_messages"')) return "claude";
    if (/"(?:memory|user_id|categories)"\s?:/.test(text)) return "mem0";
  }
  return /\.(pdf|docx|html?|txt|csv|json)$/i.test(path) ? "documents" : null;
}

/** JSON Lines are recognised by the first lines that are whole. */
function kindOfLines(text: string): string | null {
  const lines = text.split("\n").slice(0, 50);
  for (const line of lines) {
    const fields = parsed(line);
    if (fields === null) continue;
    const { type } = fields;
    if (fields.kind === "header" || fields.kind === "memory") return "unimem";
    if (type === "session_meta" || type === "response_item") return "codex";
    if (typeof fields.sessionId === "string") return "claude-code";
    if (type === "summary" && fields.leafUuid !== undefined) return "claude-code";
    if (type === "entity" || type === "relation" || (fields.observations !== undefined && fields.name !== undefined)) {
      return "mcp-reference";
    }
    if (typeof fields.content === "string" && lines.length > 1) return "unimem";
  }
  return null;
}

function parsed(line: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? value as Record<string, unknown> : null;
  } catch {
    return null; // half a line, or JSON over several
  }
}

async function kindOfFolder(folder: string): Promise<string | null> {
  const seen = { markdown: false, documents: false };
  let left = FILES;
  const pending = [folder];
  for (let at = pending.shift(); at !== undefined && left > 0; at = pending.shift()) {
    for await (const { name, isDirectory, isFile } of Deno.readDir(at)) {
      if (--left < 0) break;
      if (isDirectory && !name.startsWith(".")) pending.push(join(at, name));
      if (!isFile) continue;
      const kind = name.endsWith(".jsonl") || /\.(md|markdown)$/i.test(name) ? await kindOfFile(join(at, name)) : null;
      if (kind === "claude-code" || kind === "codex" || kind === "basic-memory") return kind;
      seen.markdown ||= kind === "markdown";
      seen.documents ||= /\.(pdf|docx|html?|txt|csv)$/i.test(name);
    }
  }
  return seen.markdown ? "markdown" : seen.documents ? "documents" : null;
}

function isBasicMemory(text: string): boolean {
  return text.startsWith("---") && /^permalink:/m.test(text);
}

async function beginning(path: string): Promise<Uint8Array> {
  using file = await Deno.open(path);
  const bytes = new Uint8Array(SAMPLE);
  let size = 0;
  for (let read: number | null; size < SAMPLE && (read = await file.read(bytes.subarray(size))) !== null;) size += read;
  return bytes.subarray(0, size);
}
