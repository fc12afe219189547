/**
 * How coding agents write their transcripts, line by line as JSON.
 *
 * @module
 */

import type { Turn } from "./conversation.ts";
import { secondsOf } from "./importer.ts";
import { listOf, objectOf, textOf } from "./values.ts";

type Fields = Record<string, unknown>;

/** What a reader knows of a session by the lines it has read; as JSON, for one that goes on later. */
export interface SessionMemory {
  /** The client's id of the session. */
  id: string;
  /** Facts of the session, such as the project's folder. */
  facts: Record<string, string | undefined>;
  /** The model that answers. */
  model?: string | undefined;
  /** Unix seconds at which it began, where its head says so; for turns that say no time. */
  began?: number | undefined;
  /** Calls of tools without a result yet, by their ids. */
  calls: Record<string, ToolCall>;
  /** Id of the last message taken, where a client hands its messages over and keeps no file of them. */
  after?: string;
  /** The session that this one was copied from, where that is known; it names the turns that have no id of their own. */
  root?: string;
  /** Turns so far, where they have no id. */
  turns?: number;
  /** Whether it is a subagent's. */
  isSubagent?: boolean;
  /** Ids that were taken last, where a transcript has them more than once. */
  seen?: string[];
}

/** A call of a tool. */
export interface ToolCall {
  name: string;
  /** What it works on: a path, a command, a pattern; empty where that isn't known. */
  target: string;
}

/** A turn as a transcript has it. */
export type TranscriptTurn = Omit<Turn, "place">;

/** Reads one transcript, in order. */
export interface SessionReader {
  readonly memory: SessionMemory;
  /** The turn in a line; why there is none; null for a line that says nothing. */
  line(line: Fields, number: number): TranscriptTurn | string | null;
  /** One line of text for each call of a tool whose result is in this line: its name, what it worked on, how it ended. */
  calls(line: Fields): TranscriptTurn[];
}

/** A client's format. */
export interface SessionFormat {
  /** The client, as it is known by conversations' ids. */
  source: string;
  /** Whether lines say no time. */
  untimed?: true;
  /** @param before What an earlier reader of the same file knew; without it, it begins at the first line. */
  begin(fileName: string, before?: SessionMemory): SessionReader;
}

/** Most characters of a call's target that are read: more than are kept, so that no secret in it is cut before it is found. */
const MAX_TARGET = 4000;
/** Most calls that wait for their results. */
const MAX_CALLS = 200;

/** Text blocks of a message whose content is a text or a list of blocks. */
export function wordsOf(content: unknown, types: readonly string[]): string {
  if (typeof content === "string") return content;
  return listOf(content).map(objectOf).filter((block) => types.includes(String(block?.type)))
    .map((block) => textOf(block?.text)).filter((text) => text !== undefined).join("\n\n");
}

/** What a client puts into the user's mouth: blocks that begin with a tag of its own. */
export function isInjected(text: string, tags: readonly string[]): boolean {
  const start = text.trimStart();
  return tags.some((tag) => start.startsWith(`<${tag}>`) || start.startsWith(`<${tag} `));
}

const CLAUDE_CODE_TAGS = [
  ...["command-name", "command-message", "local-command-stdout", "local-command-stderr", "local-command-caveat"],
  ...["bash-input", "bash-stdout", "bash-stderr", "system-reminder", "task-notification"],
];

/** Transcripts of Claude Code. */
export const CLAUDE_CODE: SessionFormat = {
  source: "claude-code",
  begin(fileName, memory = { id: fileName.replace(/\.jsonl$/, ""), facts: {}, calls: {} }) {
    const { facts } = memory;
    return {
      memory,
      line(line, number) {
        const { type } = line;
        if (type !== "user" && type !== "assistant") return typeof type === "string" ? "records of the client" : null;
        memory.id = textOf(line.sessionId) ?? memory.id;
        facts.project = textOf(line.cwd) ?? facts.project;
        if (line.isSidechain === true) return "turns of subagents";
        if (line.isCompactSummary === true) return "summaries of what came before";
        if (line.isMeta === true) return "records of the client";
        const message = objectOf(line.message), content = message?.content;
        const text = wordsOf(content, ["text"]);
        if (text.trim() === "") return emptyReason(content);
        if (type === "user" && isInjected(text, CLAUDE_CODE_TAGS)) return "records of the client";
        return {
          id: textOf(line.uuid) ?? `${memory.id}:${number}`,
          role: type,
          text,
          at: secondsOf(line.timestamp),
          facts: { model: textOf(message?.model), branch: textOf(line.gitBranch) },
        };
      },
      calls(line) {
        if (line.isSidechain === true) return [];
        const blocks = listOf(objectOf(line.message)?.content).map(objectOf);
        for (const block of blocks) {
          const id = textOf(block?.id);
          if (block?.type === "tool_use" && id !== undefined) began(memory, id, textOf(block.name), block.input);
        }
        return blocks.flatMap((block) => {
          const id = textOf(block?.tool_use_id);
          if (block?.type !== "tool_result" || id === undefined) return [];
          return ended(memory, id, block.is_error === true ? "failed" : "done", secondsOf(line.timestamp));
        });
      },
    };
  },
};

/** Notes a call until its result comes. The oldest are dropped where none comes. */
export function began(memory: SessionMemory, id: string, name = "tool", input: unknown): void {
  const known = Object.keys(memory.calls);
  if (known.length >= MAX_CALLS) delete memory.calls[known[0]!];
  memory.calls[id] = { name, target: targetOf(input) };
}

/** The line of text for a call that has a result now. */
export function ended(memory: SessionMemory, id: string, outcome: string, at: number | undefined): TranscriptTurn[] {
  const call = memory.calls[id];
  if (call === undefined) return [];
  delete memory.calls[id];
  return [callTurn(id, call, outcome, at)];
}

/** A call of a tool as a line of text. @param outcome How it ended; null where the transcript doesn't say. */
export function callTurn(
  id: string,
  { name, target }: ToolCall,
  outcome: string | null,
  at: number | undefined,
): TranscriptTurn {
  const text = [`[tool] ${name}`, target].filter((part) => part !== "").join(" ");
  return { id, role: "tool", text: outcome === null ? text : `${text}: ${outcome}`, at };
}

/** What a call works on: the first of its arguments that says so, on one line. */
export function targetOf(input: unknown): string {
  const given = objectOf(input);
  const names = [
    ...["file_path", "filePath", "absolute_path", "path", "dir_path", "notebook_path", "command", "cmd", "pattern"],
    ...["glob_pattern", "query", "url"],
    "description",
  ];
  const found = names.map((name) => given?.[name]).find((value) => textOf(value) !== undefined || Array.isArray(value));
  const text = Array.isArray(found) ? found.join(" ") : typeof found === "string" ? found : "";
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > MAX_TARGET ? `${line.slice(0, MAX_TARGET).toWellFormed()} [cut]` : line;
}

/** Null for calls of tools: they become turns when they end. */
export function emptyReason(content: unknown): string | null {
  const types = new Set(listOf(content).map((block) => objectOf(block)?.type));
  if (types.has("tool_use")) return null;
  if (types.has("tool_result")) return "results of tools";
  return types.has("thinking") || types.has("redacted_thinking") ? "thoughts" : "messages without text";
}

const CODEX_TAGS = [
  ...["user_instructions", "environment_context", "permissions instructions", "ENVIRONMENT_CONTEXT", "INSTRUCTIONS"],
  ...["turn_aborted", "user_shell_command", "collaboration_mode", "skill"],
];

/** Transcripts of Codex CLI. */
export const CODEX: SessionFormat = {
  source: "codex",
  begin(fileName, before) {
    // rollout-2025-12-08T00-37-46-<uuid>.jsonl
    const id = fileName.replace(/\.jsonl$/, "").replace(/^rollout-[\dT-]{19}-/, "");
    const memory: SessionMemory = before ?? { id, facts: {}, calls: {} };
    return {
      memory,
      line(line) {
        const payload = objectOf(line.payload);
        if (line.type === "session_meta" || (line.type === undefined && textOf(line.id) !== undefined)) {
          introduce(memory, payload ?? line);
          return null;
        }
        if (line.type === "turn_context") {
          memory.model = textOf(payload?.model) ?? memory.model;
          return null;
        }
        // The first versions wrote the items themselves, without an envelope and its time.
        const item = line.type === "response_item" ? payload : line.type === "message" ? line : null;
        if (item === null) return line.type === "event_msg" ? null : "records of the client";
        if (item.type !== "message") return itemReason(String(item.type));
        if (item.role !== "user" && item.role !== "assistant") return "instructions";
        if (memory.isSubagent) return "turns of subagents";
        const text = wordsOf(item.content, ["input_text", "output_text", "text"]);
        if (text.trim() === "") return "messages without text";
        if (item.role === "user" && (isInjected(text, CODEX_TAGS) || text.startsWith("# AGENTS.md instructions"))) {
          return "instructions";
        }
        return {
          id: textOf(item.id) ?? `${memory.root ?? memory.id}:${memory.turns = (memory.turns ?? 0) + 1}`,
          role: item.role,
          text,
          at: secondsOf(line.timestamp),
          facts: { model: item.role === "assistant" ? memory.model : undefined },
        };
      },
      calls(line) {
        const item = line.type === "response_item" ? objectOf(line.payload) : line, type = String(item?.type);
        const id = textOf(item?.call_id);
        if (id === undefined || memory.isSubagent) return [];
        if (type.endsWith("_call")) {
          began(memory, id, textOf(item?.name) ?? type.replace(/_call$/, ""), argumentsOf(item));
        }
        return type.endsWith("_output") ? ended(memory, id, outcomeOf(item?.output), secondsOf(line.timestamp)) : [];
      },
    };
  },
};

/**
 * Takes what a session says of itself. A fork begins with its own words, those of the sessions it was copied from, and
 * their turns under new times: turns are numbered within the first of these, so that a copy is known again.
 */
function introduce(memory: SessionMemory, meta: Fields): void {
  if ((memory.turns ?? 0) > 0) return;
  const id = textOf(meta.id);
  if (memory.root === undefined) {
    memory.id = id ?? memory.id;
    memory.facts.project = textOf(meta.cwd);
    memory.began = secondsOf(meta.timestamp);
    memory.isSubagent = objectOf(meta.source)?.subagent !== undefined;
  }
  memory.root = textOf(meta.forked_from_id) ?? id ?? memory.id;
}

/** Null for calls of tools: they become turns when they end. */
function itemReason(type: string): string | null {
  if (type === "reasoning") return "thoughts";
  if (type.endsWith("_call")) return null;
  return type.endsWith("_output") ? "results of tools" : "records of the client";
}

/** Arguments of a call: as JSON text, or as they are. */
function argumentsOf(item: Fields | null): unknown {
  const given = item?.arguments ?? item?.action ?? item?.input;
  if (typeof given !== "string") return given;
  try {
    return JSON.parse(given);
  } catch {
    return { command: given };
  }
}

/** How a call ended, as far as its output says; a text of JSON holds the exit code. */
function outcomeOf(output: unknown): string {
  let value = output;
  if (typeof value === "string" && value.trimStart().startsWith("{")) {
    try {
      value = JSON.parse(value);
    } catch { /* a text like any other */ }
  }
  const code = objectOf(objectOf(value)?.metadata)?.exit_code;
  if (typeof code === "number") return code === 0 ? "done" : `failed with ${code}`;
  return objectOf(value)?.success === false ? "failed" : "done";
}
