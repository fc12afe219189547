/**
 * Where clients keep the transcripts of sessions, for events that don't say it: Cursor's command line never does, and
 * Copilot CLI doesn't when a session ends.
 *
 * @module
 */

import { join } from "node:path";
import type { HookEvent } from "./event.ts";

/** The event with the path of its transcript, as far as there is such a file. @param home The user's home folder. */
export function withTranscript(event: HookEvent, home: string | undefined): HookEvent {
  if (event.transcript !== null || home === undefined || !/^[\w-]{1,200}$/.test(event.session)) return event;
  return { ...event, transcript: placesOf(event, home).find(isFile) ?? null };
}

function placesOf({ client, session, folder }: HookEvent, home: string): string[] {
  if (client === "copilot-cli") return [join(home, ".copilot", "session-state", session, "events.jsonl")];
  if (client !== "cursor") return [];
  const project = folder.replace(/^[/\\]/, "").replaceAll(/[^A-Za-z0-9]/g, "-");
  const transcripts = join(home, ".cursor", "projects", project, "agent-transcripts");
  // The command line's place, and the editor's.
  return [join(transcripts, `${session}.jsonl`), join(transcripts, session, `${session}.jsonl`)];
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
