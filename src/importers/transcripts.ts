/**
 * Transcripts that coding agents keep as JSON Lines, a file a session: those of Claude Code (`~/.claude/projects`), Codex
 * CLI (`~/.codex/sessions`), Gemini CLI (`~/.gemini/tmp`), Cursor (`~/.cursor/projects`) and Copilot CLI
 * (`~/.copilot/session-state`).
 *
 * @module
 */

import { basename, join, relative } from "node:path";
import { errorText } from "../errors.ts";
import { type Entry, parseJson } from "../operations/moving/import.ts";
import { readLines } from "../operations/moving/lines.ts";
import { COPILOT_CLI } from "./copilot_session.ts";
import { CURSOR } from "./cursor_session.ts";
import { GEMINI_CLI } from "./gemini_sessions.ts";
import type { Importer, ImporterOptions, OmitTurn } from "./importer.ts";
import { CLAUDE_CODE, CODEX, type SessionFormat } from "./session_formats.ts";
import { SessionTurns } from "./session_turns.ts";
import { leftOut } from "./turns.ts";
import { objectOf } from "./values.ts";

/** Longest line that is read, in bytes; pictures and outputs of tools make long ones. */
const MAX_LINE_BYTES = 64 * 1024 * 1024;

/** Every session file below a folder, or the one at `path`. */
export const readClaudeCode: Importer = (path, options) => readSessions(path, CLAUDE_CODE, options);
/** Every session file below a folder, or the one at `path`. */
export const readCodex: Importer = (path, options) => readSessions(path, CODEX, options);
/** Every session file below a folder, or the one at `path`. */
export const readGeminiCli: Importer = (path, options) => readSessions(path, GEMINI_CLI, options);
/** Every session file below a folder, or the one at `path`. */
export const readCursor: Importer = (path, options) => readSessions(path, CURSOR, options);
/** Every session file below a folder, or the one at `path`. */
export const readCopilotCli: Importer = (path, options) => readSessions(path, COPILOT_CLI, options);

async function* readSessions(
  path: string,
  format: SessionFormat,
  { omit }: ImporterOptions = {},
): AsyncGenerator<Entry> {
  const { isDirectory } = await Deno.stat(path);
  for await (const file of isDirectory ? sessionsIn(path) : [path]) {
    const place = isDirectory ? relative(path, file) : basename(file);
    try {
      yield* sessionOf(file, place, format, omit);
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

async function* sessionOf(
  file: string,
  place: string,
  format: SessionFormat,
  omit: OmitTurn | undefined,
): AsyncGenerator<Entry> {
  const opened = await Deno.open(file), { mtime } = await opened.stat();
  const session = new SessionTurns(format, basename(file), { omit, untimedAt: (mtime?.getTime() ?? 0) / 1000 });
  const utf8 = new TextDecoder();
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
    const { entries, left, redactions } = await session.read(value, number, at);
    yield* entries;
    if (left !== null) yield leftOut(at, left);
    for (const [kind, count] of Object.entries(redactions)) {
      for (let i = 0; i < count; i++) yield leftOut(at, `secrets (${kind})`);
    }
  }
  for (const _ of Object.keys(session.known.memory.calls)) yield leftOut(place, "calls of tools without a result");
}
