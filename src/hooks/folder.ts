/**
 * The files of hooks in the data folder, for this user alone: what each session has given and got, how each client fares,
 * and what waits for a service.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { basename, join } from "node:path";
import type { SessionMemory } from "../importers/session_formats.ts";
import { writePrivateFile } from "../private_files.ts";
import type { HookClient, HookEventName } from "./event.ts";

/** What is known of a session. */
export interface SessionState {
  client: HookClient;
  session: string;
  /** Bytes and lines of the transcript that were taken. */
  offset: number;
  lines: number;
  memory: SessionMemory | null;
  /** Unix seconds of the last turn taken. */
  last: number;
  /** Keys of memories that were added to the session's context. */
  given: string[];
  /** Where its turns are stored; absent before any was captured. */
  space?: string;
  /** Whether the user had it forgotten: nothing more of it is captured. */
  isForgotten?: boolean;
}

/** How a client's hooks fare. */
export interface ClientStatus {
  client: HookClient;
  /** Turns captured, and those that wait for a service. */
  captured: number;
  /** ISO time of the last call; null without one. */
  called_at: string | null;
  /** ISO times of the last success, which may have found nothing new; null without one. */
  captured_at: string | null;
  recalled_at: string | null;
  failures: number;
  /** The last failure, when it was, and at which event. */
  failure: string | null;
  failed_at: string | null;
  failed_event: HookEventName | null;
}

/** Most memories of a session's context that are remembered. */
const MAX_GIVEN = 1000;
/** Largest file that is read. */
const MAX_FILE_BYTES = 16 * 1024 * 1024;
/** Most bytes that may wait for a service. */
export const MAX_SPOOL_BYTES = 64 * 1024 * 1024;

/** The files. */
export class HookFolder {
  readonly path: string;

  /** @param dataFolder Folder of the store. */
  constructor(dataFolder: string) {
    this.path = join(dataFolder, "hooks");
  }

  /** Whether nothing is to be captured or recalled for now. */
  isPaused(): boolean {
    return readText(join(this.path, "paused")) !== null;
  }

  setPaused(paused: boolean): void {
    if (paused) this.write("paused", new Date().toISOString());
    else remove(join(this.path, "paused"));
  }

  session(client: HookClient, session: string): SessionState {
    const found = readJson(join(this.path, "sessions", nameOf(client, session))) as SessionState | null;
    return found ?? { client, session, offset: 0, lines: 0, memory: null, last: 0, given: [] };
  }

  keepSession(state: SessionState): void {
    const given = state.given.slice(-MAX_GIVEN);
    this.write(join("sessions", nameOf(state.client, state.session)), JSON.stringify({ ...state, given }));
  }

  /** Captures nothing more of a session, and drops what waits of it. @returns how many turns waited. */
  forget(client: HookClient, session: string): number {
    const state = this.session(client, session), conversation = `${client}:${state.memory?.id ?? session}`;
    this.keepSession({ ...state, isForgotten: true });
    let dropped = 0;
    for (const { path } of this.waiting()) {
      const lines = (readText(path) ?? "").split("\n").filter((line) => line !== "");
      const left = lines.filter((line) => JSON.parse(line).conversation_id !== conversation);
      if (left.length === lines.length) continue;
      dropped += lines.length - left.length;
      if (left.length === 0) remove(path);
      else this.write(join("spool", basename(path)), `${left.join("\n")}\n`);
    }
    return dropped;
  }

  status(client: HookClient): ClientStatus {
    const found = readJson(join(this.path, `status-${client}.json`)) as Partial<ClientStatus> | null;
    return {
      ...{ client, captured: 0, called_at: null, captured_at: null, recalled_at: null },
      ...{ failures: 0, failure: null, failed_at: null, failed_event: null },
      ...found,
    };
  }

  note(client: HookClient, change: (status: ClientStatus) => void): void {
    const status = this.status(client);
    status.called_at = new Date().toISOString();
    change(status);
    this.write(`status-${client}.json`, JSON.stringify(status));
  }

  /**
   * Keeps lines until a service takes them.
   *
   * @param space Where they belong.
   * @throws {Error} where too much waits already.
   */
  spool(space: string, lines: string): void {
    const waiting = this.waiting().reduce((bytes, { size }) => bytes + size, 0);
    if (waiting + lines.length > MAX_SPOOL_BYTES) {
      throw new Error(`more than ${MAX_SPOOL_BYTES / 1024 / 1024} MiB wait for the service already`);
    }
    const unique = `${Date.now()}-${Deno.pid}-${crypto.randomUUID().slice(0, 8)}`;
    this.write(join("spool", `${space}~${unique}.jsonl`), lines);
  }

  /** What waits, oldest first. */
  waiting(): { path: string; space: string; size: number }[] {
    const folder = join(this.path, "spool");
    let names: string[];
    try {
      names = [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => name.endsWith(".jsonl"));
    } catch {
      return [];
    }
    const time = (name: string) => Number(name.slice(name.lastIndexOf("~") + 1).split("-", 1)[0]);
    return names.sort((a, b) => time(a) - time(b)).map((name) => {
      const path = join(folder, name);
      return { path, space: name.slice(0, name.lastIndexOf("~")), size: infoOf(path)?.size ?? 0 };
    });
  }

  /** What a file holds as JSON; null where there is none, or it is damaged. */
  read(name: string): unknown {
    return readJson(join(this.path, name));
  }

  /** Writes a file in one step. */
  write(name: string, text: string): void {
    writePrivateFile(join(this.path, name), text);
  }
}

/** Removes a file that may be gone. */
export function remove(path: string): void {
  try {
    Deno.removeSync(path);
  } catch { /* another process did */ }
}

/** What is there; null for nothing, and where that can't be seen. */
export function infoOf(path: string): Deno.FileInfo | null {
  try {
    return Deno.statSync(path);
  } catch {
    return null;
  }
}

/** The text of a file; null for what is none, such as a pipe or a device, which could keep the hook for ever. */
export function readText(path: string): string | null {
  try {
    const { isFile, size } = Deno.statSync(path);
    return isFile && size <= MAX_FILE_BYTES ? Deno.readTextFileSync(path) : null;
  } catch {
    return null;
  }
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readText(path) ?? "null");
  } catch {
    return null; // damaged: it begins again, which stores nothing twice
  }
}

function nameOf(client: string, session: string): string {
  return `${createHash("sha256").update(`${client}\0${session}`).digest("hex").slice(0, 32)}.json`;
}
