/**
 * Transcripts that coding agents keep as JSON Lines, a file a session: those of Claude Code (`~/.claude/projects`) and of
 * Codex CLI (`~/.codex/sessions`).
 *
 * @module
 */

import { basename, join, relative } from "node:path";
import { errorText } from "../errors.ts";
import { type Entry, parseJson } from "../operations/moving/import.ts";
import { readLines } from "../operations/moving/lines.ts";
import { secondsOf } from "./importer.ts";
import { Conversation, leftOut, listOf, objectOf, textOf, type Turn } from "./turns.ts";

type Fields = Record<string, unknown>;

/** Longest line that is read, in bytes; pictures and outputs of tools make long ones. */
const MAX_LINE_BYTES = 64 * 1024 * 1024;

/** Reads one file: `line` gives for each parsed line a turn, or why there is none. */
interface Format {
  source: string;
  /** A reader with its own memory of the file, such as the session's id. */
  begin(fileName: string): { session: () => { id: string; facts: Record<string, string | undefined> }; line: Reader };
}
type Reader = (line: Fields, number: number) => Omit<Turn, "place"> | string | null;

/** Every session file below a folder, or the one at `path`. */
export const readClaudeCode = (path: string) => readSessions(path, CLAUDE_CODE);
/** Every session file below a folder, or the one at `path`. */
export const readCodex = (path: string) => readSessions(path, CODEX);

async function* readSessions(path: string, format: Format): AsyncGenerator<Entry> {
  const { isDirectory } = await Deno.stat(path);
  for await (const file of isDirectory ? sessionsIn(path) : [path]) {
    const place = isDirectory ? relative(path, file) : basename(file);
    try {
      yield* sessionOf(file, place, format);
    } catch (error) {
      yield { place, fault: errorText(error) };
    }
  }
}

async function* sessionsIn(folder: string): AsyncGenerator<string> {
  const entries = (await Array.fromAsync(Deno.readDir(folder))).sort((a, b) => a.name < b.name ? -1 : 1);
  for (const { name, isDirectory, isFile } of entries) {
    if (isDirectory) yield* sessionsIn(join(folder, name));
    else if (isFile && name.endsWith(".jsonl")) yield join(folder, name);
  }
}

async function* sessionOf(file: string, place: string, { source, begin }: Format): AsyncGenerator<Entry> {
  const opened = await Deno.open(file), { session, line } = begin(basename(file));
  const utf8 = new TextDecoder();
  let turns: Conversation | null = null;
  for await (const { number, bytes, ended } of readLines(opened.readable, MAX_LINE_BYTES)) {
    const at = `${place}, line ${number}`;
    if (bytes === null) {
      yield { place: at, fault: `Cannot read it: it has more than ${MAX_LINE_BYTES} bytes` };
      continue;
    }
    const text = utf8.decode(bytes);
    if (text.trim() === "") continue;
    const read = parseJson(text), value = "value" in read ? objectOf(read.value) : null;
    if (value === null) {
      // The last line of a session that still runs may be half written.
      if (ended) yield { place: at, fault: "fault" in read ? read.fault : "Cannot read it: it is no object" };
      continue;
    }
    const turn = line(value, number);
    if (turn === null) continue;
    if (typeof turn === "string") yield leftOut(at, turn);
    else {
      const { id, facts } = session();
      turns ??= new Conversation(source, id, turn.at ?? 0, facts);
      yield turns.entryOf({ place: at, ...turn });
    }
  }
}

/** Text blocks of a message whose content is a text or a list of blocks. */
function wordsOf(content: unknown, types: readonly string[]): string {
  if (typeof content === "string") return content;
  return listOf(content).map(objectOf).filter((block) => types.includes(String(block?.type)))
    .map((block) => textOf(block?.text)).filter((text) => text !== undefined).join("\n\n");
}

/** What a client puts into the user's mouth: blocks that begin with a tag of its own. */
function isInjected(text: string, tags: readonly string[]): boolean {
  const start = text.trimStart();
  return tags.some((tag) => start.startsWith(`<${tag}>`) || start.startsWith(`<${tag} `));
}

const CLAUDE_CODE_TAGS = [
  ...["command-name", "command-message", "local-command-stdout", "local-command-stderr", "local-command-caveat"],
  ...["bash-input", "bash-stdout", "bash-stderr", "system-reminder", "task-notification"],
];

const CLAUDE_CODE: Format = {
  source: "claude-code",
  begin(fileName) {
    let id = fileName.replace(/\.jsonl$/, "");
    const facts: Record<string, string | undefined> = {};
    return {
      session: () => ({ id, facts: { ...facts } }),
      line(line, number) {
        const { type } = line;
        if (type !== "user" && type !== "assistant") return typeof type === "string" ? "records of the client" : null;
        id = textOf(line.sessionId) ?? id;
        facts.project = textOf(line.cwd) ?? facts.project;
        if (line.isSidechain === true) return "turns of subagents";
        if (line.isCompactSummary === true) return "summaries of what came before";
        if (line.isMeta === true) return "records of the client";
        const message = objectOf(line.message), content = message?.content;
        const text = wordsOf(content, ["text"]);
        if (text.trim() === "") return emptyReason(content);
        if (type === "user" && isInjected(text, CLAUDE_CODE_TAGS)) return "records of the client";
        return {
          id: textOf(line.uuid) ?? `${id}:${number}`,
          role: type,
          text,
          at: secondsOf(line.timestamp),
          facts: { model: textOf(message?.model), branch: textOf(line.gitBranch) },
        };
      },
    };
  },
};

function emptyReason(content: unknown): string {
  const types = new Set(listOf(content).map((block) => objectOf(block)?.type));
  if (types.has("tool_use")) return "calls of tools";
  if (types.has("tool_result")) return "results of tools";
  return types.has("thinking") || types.has("redacted_thinking") ? "thoughts" : "messages without text";
}

const CODEX_TAGS = [
  ...["user_instructions", "environment_context", "permissions instructions", "ENVIRONMENT_CONTEXT", "INSTRUCTIONS"],
  ...["turn_aborted", "user_shell_command", "collaboration_mode", "skill"],
];

const CODEX: Format = {
  source: "codex",
  begin(fileName) {
    // rollout-2025-12-08T00-37-46-<uuid>.jsonl
    let id = fileName.replace(/\.jsonl$/, "").replace(/^rollout-[\dT-]{19}-/, "");
    let model: string | undefined;
    const facts: Record<string, string | undefined> = {};
    return {
      session: () => ({ id, facts: { ...facts } }),
      line(line, number) {
        const payload = objectOf(line.payload);
        if (line.type === "session_meta" || (line.type === undefined && textOf(line.id) !== undefined)) {
          const meta = payload ?? line;
          id = textOf(meta.id) ?? id;
          facts.project = textOf(meta.cwd);
          return null;
        }
        if (line.type === "turn_context") {
          model = textOf(payload?.model) ?? model;
          return null;
        }
        // The first versions wrote the items themselves, without an envelope and its time.
        const item = line.type === "response_item" ? payload : line.type === "message" ? line : null;
        if (item === null) return line.type === "event_msg" ? null : "records of the client";
        if (item.type !== "message") return itemReason(String(item.type));
        if (item.role !== "user" && item.role !== "assistant") return "instructions";
        const text = wordsOf(item.content, ["input_text", "output_text", "text"]);
        if (text.trim() === "") return "messages without text";
        if (item.role === "user" && (isInjected(text, CODEX_TAGS) || text.startsWith("# AGENTS.md instructions"))) {
          return "instructions";
        }
        return {
          id: textOf(item.id) ?? `${id}:${number}`,
          role: item.role,
          text,
          at: secondsOf(line.timestamp),
          facts: { model: item.role === "assistant" ? model : undefined },
        };
      },
    };
  },
};

function itemReason(type: string): string {
  if (type === "reasoning") return "thoughts";
  return type.endsWith("_output")
    ? "results of tools"
    : type.endsWith("_call")
    ? "calls of tools"
    : "records of the client";
}
