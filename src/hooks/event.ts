/**
 * What happened in a client, by the JSON that it gives its hooks.
 *
 * @module
 */

/** Clients whose hooks are known. */
export const HOOK_CLIENTS = ["claude-code", "codex", "gemini-cli", "cursor", "copilot-cli", "opencode"] as const;
export type HookClient = (typeof HOOK_CLIENTS)[number];

/**
 * `start`: a session begins or goes on; `prompt`: the user sends one; `turn`: an exchange has ended; `compact`: the
 * session is about to be compacted; `end`: it has ended.
 */
export const HOOK_EVENTS = ["start", "prompt", "turn", "compact", "end"] as const;
export type HookEventName = (typeof HOOK_EVENTS)[number];

/** An event of a client. */
export interface HookEvent {
  client: HookClient;
  name: HookEventName;
  /** The event's name in the client's own words, which some want back. */
  own: string;
  /** The client's id of the session. */
  session: string;
  /** Path of the session's transcript; null where the client names none. */
  transcript: string | null;
  /** The session's messages, from a client that keeps no transcript, oldest first. */
  messages?: readonly unknown[];
  /** The folder the client works in. */
  folder: string;
  /** What the user sent; null for other events. */
  prompt: string | null;
}

/** Names of events in clients' words. */
const NAMES: Readonly<Record<string, HookEventName>> = {
  sessionstart: "start",
  userpromptsubmit: "prompt",
  userpromptsubmitted: "prompt",
  beforeagent: "prompt",
  beforesubmitprompt: "prompt",
  stop: "turn",
  afteragent: "turn",
  agentstop: "turn",
  subagentstop: "turn",
  precompact: "compact",
  precompress: "compact",
  sessionend: "end",
};

/**
 * Reads a client's input.
 *
 * @param given Name of the event as the hook was called with; the input's own name counts where it is null.
 * @param fallback Folder of a client that names none.
 * @returns null where it names no event that is known.
 */
export function readEvent(
  client: HookClient,
  given: string | null,
  input: unknown,
  fallback: string,
): HookEvent | null {
  const fields = typeof input === "object" && input !== null ? input as Record<string, unknown> : {};
  const own = given ?? textOf(fields.hook_event_name) ?? "", key = own.toLowerCase().replaceAll(/[^a-z]/g, "");
  const name = HOOK_EVENTS.find((event) => event === key) ?? NAMES[key];
  if (name === undefined) return null;
  const roots = fields.workspace_roots, [root] = Array.isArray(roots) ? roots : [];
  return {
    client,
    name,
    own: textOf(fields.hook_event_name) ?? own,
    session: textOf(fields.session_id) ?? textOf(fields.sessionId) ?? textOf(fields.conversation_id) ?? "unknown",
    transcript: textOf(fields.transcript_path) ?? textOf(fields.transcriptPath) ?? null,
    ...Array.isArray(fields.messages) ? { messages: fields.messages } : {},
    folder: textOf(fields.cwd) ?? textOf(root) ?? fallback,
    prompt: name === "prompt" ? textOf(fields.prompt) ?? "" : null,
  };
}

/** What a client is to be given so that `context` is added to its session; null where it takes none at this event. */
export function contextOutput({ client, name, own }: HookEvent, context: string): string | null {
  if (name !== "start" && name !== "prompt") return null;
  if (client === "cursor") return name === "start" ? JSON.stringify({ additional_context: context }) : null;
  if (client === "copilot-cli") return name === "start" ? JSON.stringify({ additionalContext: context }) : null;
  if (client === "opencode") return JSON.stringify({ context });
  return JSON.stringify({ hookSpecificOutput: { hookEventName: own, additionalContext: context } });
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
