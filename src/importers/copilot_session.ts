/**
 * Transcripts of GitHub Copilot CLI, an event a line as JSON: `~/.copilot/session-state/SESSION/events.jsonl`.
 *
 * @module
 */

import { secondsOf } from "./importer.ts";
import { began, ended, type SessionFormat } from "./session_formats.ts";
import { listOf, objectOf, textOf } from "./values.ts";

/** Blocks that the client adds to what the user sent. */
const BLOCKS = ["current_datetime", "reminder", "system_reminder"];

/** Transcripts of Copilot CLI. */
export const COPILOT_CLI: SessionFormat = {
  source: "copilot-cli",
  begin(fileName, memory = { id: fileName.replace(/\.jsonl$/, ""), facts: {}, calls: {} }) {
    const { facts } = memory;
    return {
      memory,
      line(line, number) {
        const type = textOf(line.type), data = objectOf(line.data) ?? {};
        if (type === "session.start" || type === "session.resume") {
          const context = objectOf(data.context);
          memory.id = textOf(data.sessionId) ?? memory.id;
          memory.model = textOf(data.selectedModel) ?? memory.model;
          facts.project = textOf(context?.cwd) ?? facts.project;
          facts.branch = textOf(context?.branch) ?? facts.branch;
          return null;
        }
        if (type === "session.model_change") {
          memory.model = textOf(data.newModel) ?? memory.model;
          return null;
        }
        if (type !== "user.message" && type !== "assistant.message") {
          return type === undefined ? null : type.startsWith("tool.") ? "calls of tools" : "records of the client";
        }
        if (data.parentToolCallId !== undefined) return "turns of subagents";
        const isUser = type === "user.message";
        // Skills and schedules speak in the user's place.
        if (isUser && (textOf(data.source) ?? "user") !== "user") return "records of the client";
        const text = textOf(data.content) ?? (isUser ? withoutBlocks(textOf(data.transformedContent) ?? "") : "");
        if (text.trim() === "") {
          return listOf(data.toolRequests).length > 0 ? "calls of tools" : "messages without text";
        }
        return {
          id: textOf(line.id) ?? `${memory.id}:${number}`,
          role: isUser ? "user" : "assistant",
          text,
          at: secondsOf(line.timestamp),
          facts: { model: isUser ? undefined : textOf(data.model) ?? memory.model },
        };
      },
      calls(line) {
        const data = objectOf(line.data), id = textOf(data?.toolCallId);
        if (id === undefined || data?.parentToolCallId !== undefined) return [];
        if (line.type === "tool.execution_start") began(memory, id, textOf(data?.toolName), data?.arguments);
        if (line.type !== "tool.execution_complete") return [];
        return ended(memory, id, data?.success === false ? "failed" : "done", secondsOf(line.timestamp));
      },
    };
  },
};

/** A text without the client's blocks before and behind it. */
function withoutBlocks(text: string): string {
  for (const tag of BLOCKS) {
    const open = `<${tag}>`, close = `</${tag}>`;
    const start = text.indexOf(open), end = start < 0 ? -1 : text.indexOf(close, start);
    if (end >= 0) text = text.slice(0, start) + text.slice(end + close.length);
  }
  return text.trim();
}
