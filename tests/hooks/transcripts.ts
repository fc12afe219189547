/** Transcripts as clients write them, line by line. */

let count = 0;
/** A line of Claude Code's transcript. */
export function claudeLine(session: string, role: "user" | "assistant", text: string, more = {}): string {
  const uuid = `${session}-${++count}`, timestamp = new Date(1_790_000_000_000 + count * 1000).toISOString();
  const message = role === "user" ? { role, content: text } : { role, model: "m", content: [{ type: "text", text }] };
  return JSON.stringify({ type: role, uuid, sessionId: session, cwd: "/nowhere", timestamp, message, ...more });
}

/** A call of a tool and its result. */
export function claudeCall(session: string, name: string, input: unknown, failed = false): string[] {
  const id = `call-${++count}`, timestamp = new Date(1_790_000_000_000 + count * 1000).toISOString();
  const line = (type: string, content: unknown) =>
    JSON.stringify({ type, uuid: `${id}-${type}`, sessionId: session, timestamp, message: { role: type, content } });
  return [
    line("assistant", [{ type: "tool_use", id, name, input }]),
    line("user", [{ type: "tool_result", tool_use_id: id, content: "secret output", is_error: failed }]),
  ];
}

/** Lines of Codex's transcript: the session, and its messages. */
export function codexLines(session: string, messages: [role: "user" | "assistant", text: string][]): string[] {
  const timestamp = new Date(1_790_000_000_000 + ++count * 1000).toISOString();
  return [
    JSON.stringify({ timestamp, type: "session_meta", payload: { id: session, cwd: "/nowhere" } }),
    ...messages.map(([role, text], i) =>
      JSON.stringify({
        timestamp: new Date(1_790_000_000_000 + count * 1000 + i).toISOString(),
        type: "response_item",
        payload: {
          type: "message",
          id: `${session}-${i}`,
          role,
          content: [{ type: role === "user" ? "input_text" : "output_text", text }],
        },
      })
    ),
  ];
}
