/**
 * How Gemini CLI writes its transcripts: a log in which a message is written again, whole, whenever one of its calls of
 * tools changes, beside patches of the session as a whole.
 *
 * @module
 */

import { secondsOf } from "./importer.ts";
import { type SessionFormat, type SessionMemory, targetOf, type TranscriptTurn } from "./session_formats.ts";
import { listOf, objectOf, textOf } from "./values.ts";

/** Ids of messages and calls that are remembered as taken; a message is written again soon or never. */
const MAX_SEEN = 500;
const ENDED: Readonly<Record<string, string>> = { success: "done", error: "failed", cancelled: "cancelled" };

/** Transcripts of Gemini CLI, as JSON Lines. */
export const GEMINI_CLI: SessionFormat = {
  source: "gemini-cli",
  begin(fileName, memory = { id: fileName.replace(/\.jsonl?$/, ""), facts: {}, calls: {} }) {
    return {
      memory,
      line(line, number) {
        const id = textOf(line.id);
        if (id === undefined && textOf(line.sessionId) !== undefined) {
          memory.id = textOf(line.sessionId)!;
          memory.facts.project = textOf(listOf(line.directories)[0]) ?? memory.facts.project;
          memory.isSubagent = line.kind === "subagent";
          return null;
        }
        const { type } = line;
        if (type !== "user" && type !== "gemini") return "records of the client";
        if (memory.isSubagent) return "turns of subagents";
        const text = wordsOf(line.content);
        if (text.trim() === "") return listOf(line.toolCalls).length > 0 ? null : "messages without text";
        if (id !== undefined && isSeen(memory, id)) return null;
        return {
          id: id ?? `${memory.id}:${number}`,
          role: type === "gemini" ? "assistant" : type,
          text,
          at: secondsOf(line.timestamp),
          facts: { model: textOf(line.model) },
        };
      },
      calls(line) {
        if (memory.isSubagent) return [];
        return listOf(line.toolCalls).map(objectOf).flatMap((call): TranscriptTurn[] => {
          const id = textOf(call?.id), outcome = ENDED[String(call?.status)];
          if (id === undefined || outcome === undefined || isSeen(memory, `call ${id}`)) return [];
          const text = ["[tool]", textOf(call?.name) ?? "tool", targetOf(call?.args)].filter((part) => part !== "")
            .join(" ");
          return [{ id, role: "tool", text: `${text}: ${outcome}`, at: secondsOf(call?.timestamp ?? line.timestamp) }];
        });
      },
    };
  },
};

/** The text of a message: as it is, or that of its parts. */
function wordsOf(content: unknown): string {
  if (typeof content === "string") return content;
  return listOf(content).map((part) => typeof part === "string" ? part : textOf(objectOf(part)?.text))
    .filter((text) => text !== undefined).join("\n\n");
}

/** Whether it was taken before; from now on it was. */
function isSeen(memory: SessionMemory, id: string): boolean {
  const seen = memory.seen ??= [];
  if (seen.includes(id)) return true;
  seen.push(id);
  if (seen.length > MAX_SEEN) seen.shift();
  return false;
}
