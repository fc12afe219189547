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

/** A line of Cursor's transcript: no id, no time. */
export function cursorLine(role: "user" | "assistant", text: string, tools: [name: string, input: unknown][] = []) {
  const words = role === "user" ? `<timestamp>Friday</timestamp>\n<user_query>\n${text}\n</user_query>` : text;
  const content = [
    ...text === "" ? [] : [{ type: "text", text: words }],
    ...tools.map(([name, input]) => ({ type: "tool_use", name, input })),
  ];
  return JSON.stringify({ role, message: { content } });
}

/** Events of Copilot CLI's session. */
export function copilotEvents(session: string, cwd: string): string[] {
  const event = (type: string, data: Record<string, unknown>) =>
    JSON.stringify({
      type,
      data,
      id: `${session}-${++count}`,
      timestamp: new Date(1_790_000_000_000 + count * 1000).toISOString(),
      parentId: null,
    });
  return [
    event("session.start", {
      sessionId: session,
      version: 1,
      producer: "copilot-agent",
      context: { cwd, branch: "main" },
    }),
    event("user.message", { content: "Which port is ours?", transformedContent: "x", attachments: [] }),
    event("user.message", { content: "Skill text", source: "skill-pdf" }),
    event("assistant.turn_start", { turnId: "0" }),
    event("assistant.message", {
      messageId: "m1",
      content: "",
      toolRequests: [{ toolCallId: "t1", name: "bash", arguments: { command: "grep PORT .env" } }],
    }),
    event("tool.execution_start", { toolCallId: "t1", toolName: "bash", arguments: { command: "grep PORT .env" } }),
    event("tool.execution_complete", { toolCallId: "t1", success: false, result: { content: "secret output" } }),
    event("assistant.message", { messageId: "m2", content: "Of a helper", parentToolCallId: "t1" }),
    event("assistant.message", { messageId: "m3", content: "It is 8000.", toolRequests: [], model: "gpt-x" }),
    event("user.message", {
      content: "",
      transformedContent: "<current_datetime>now</current_datetime>\n\nThanks\n\n<reminder>be nice</reminder>",
    }),
    event("assistant.turn_end", { turnId: "0" }),
  ];
}

/** Messages of OpenCode, version 1. */
export function openCodeMessages(session: string, first: number, said: [role: "user" | "assistant", text: string][]) {
  return said.map(([role, text], i) => {
    const id = `msg_${String(first + i).padStart(6, "0")}`;
    return {
      info: { id, sessionID: session, role, time: { created: 1_790_000_000_000 + (first + i) * 1000 }, modelID: "m" },
      parts: [
        { id: `${id}p`, type: "text", text },
        { id: `${id}s`, type: "text", text: "Of a file", synthetic: true },
        ...role === "user" ? [] : [{
          type: "tool",
          callID: `${id}c`,
          tool: "read",
          state: { status: "completed", input: { filePath: "/a/b.ts" }, output: "secret output" },
        }],
      ],
    };
  });
}
